/**
 * Events for which the journal of a run gets room at its start, so that a store in memory need not move them while it
 * grows: those of a run that takes each step once, or more when two runs in a row had more. So runs that turn out short
 * never keep more empty room than others before them have filled.
 */
export class JournalRoom {
  events: number;
  /** The last two runs, both of them at most. */
  private last = 0;
  private former = 0;

  constructor(private readonly least: number) {
    this.events = least;
  }

  /** A run has ended with so many events. */
  ended(events: number): void {
    if (events === this.last && events === this.former) return;
    this.former = this.last;
    this.last = events;
    this.events = Math.max(this.least, roundedUp(Math.min(this.former, events)));
  }
}

/** One of four sizes for each power of two: a store keeps blocks of each size apart. */
function roundedUp(events: number): number {
  const unit = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, events))) - 2);
  return Math.ceil(events / unit) * unit;
}
