/** What waits in a lane. */
export interface Laned {
  readonly lane: string;
}

/** Queues by key: only the first of each may go, so a key that fails or takes its time stops nobody but itself. */
export class KeyLanes<T extends Laned> {
  private readonly lanes = new Map<string, T[]>();

  /** @returns whether it is the first of its key and may go now */
  add(item: T): boolean {
    const lane = this.lanes.get(item.lane);
    if (lane === undefined) {
      this.lanes.set(item.lane, [item]);
      return true;
    }
    lane.push(item);
    return false;
  }

  /** Takes the first one out. Returns the next of its key. */
  advance(item: T): T | undefined {
    const lane = this.lanes.get(item.lane);
    lane?.shift();
    if (lane?.[0] === undefined) this.lanes.delete(item.lane);
    return lane?.[0];
  }
}
