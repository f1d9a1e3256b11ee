/** Streams that are remembered: those that a node works on, not all that there are. */
const MOST = 10_000;

/**
 * At which versions the last snapshots of streams are, as far as this OS process knows: guesses, by which events are
 * asked for before the snapshot itself has come. Forgets what was noted longest ago.
 */
export class LastVersions {
  private readonly versions = new Map<string, number>();

  get(stream: string): number | undefined {
    return this.versions.get(stream);
  }

  note(stream: string, version: number): void {
    if (this.versions.get(stream) === version) return;
    this.versions.delete(stream);
    this.versions.set(stream, version);
    if (this.versions.size <= MOST) return;
    const [oldest] = this.versions.keys();
    this.versions.delete(oldest as string);
  }

  forget(stream: string): void {
    this.versions.delete(stream);
  }
}
