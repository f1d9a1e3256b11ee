import type { SharedMetadata, StoredMetadata } from './event-metadata.js';

/**
 * Metadata of events whose ids follow from their positions: one object for all events that have the same to say, where an
 * id for each is an object and a text for each. Most of what an append in memory costs would be keeping those.
 */
export class PlacedMetadata {
  /** By version of the shape, of events with nothing else to say. */
  private readonly bare: StoredMetadata[] = [];
  private last: StoredMetadata = { base: '' };
  private lastShared: SharedMetadata | undefined;
  private lastVersion = 0;

  /** @param base what ids begin with; unique, as positions are unique only in their store */
  constructor(private readonly base: string) {}

  of(version: number, shared: SharedMetadata | undefined): StoredMetadata {
    if (shared === undefined) return (this.bare[version] ??= this.make(version, shared));
    // The events of one append come one after the other.
    if (shared !== this.lastShared || version !== this.lastVersion) {
      this.lastShared = shared;
      this.lastVersion = version;
      this.last = this.make(version, shared);
    }
    return this.last;
  }

  private make(version: number, shared: SharedMetadata | undefined): StoredMetadata {
    const { base } = this;
    return version === 1 ? { base, ...shared } : { v: version, base, ...shared };
  }
}
