/** Remembers for a while which messages were published, by subject and id. */
export class Deduplication {
  /** Time of the first publication, oldest first. */
  private readonly seen = new Map<string, number>();

  /** @param window milliseconds */
  constructor(
    private readonly window: number,
    private readonly monotonic: () => number,
  ) {}

  /** True when it was remembered within the window. */
  has(subject: string, id: string): boolean {
    this.prune();
    return this.seen.has(keyOf(subject, id));
  }

  remember(subject: string, id: string): void {
    this.seen.set(keyOf(subject, id), this.monotonic());
  }

  /** Old ones stand first, so this ends at the first that is young enough. */
  private prune(): void {
    const oldest = this.monotonic() - this.window;
    for (const [key, at] of this.seen) {
      if (at > oldest) return;
      this.seen.delete(key);
    }
  }
}

/** Subjects hold no line break. */
const keyOf = (subject: string, id: string): string => `${subject}\n${id}`;
