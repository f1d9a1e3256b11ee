import { LOOSE, type Delivery, type Source } from './delivery.js';

/** Messages of one key in the order in which they were published; only the first may be handled. */
interface Lane {
  readonly source: Source;
  queue: Delivery[];
  state: 'ready' | 'running' | 'waiting' | 'gone';
}

/**
 * What a member has fetched and not begun. Messages of one key form a lane, so that a key which fails or is slow stops
 * only itself; those without a key stand for themselves.
 *
 * Those that may have killed a member wait for each other: what is begun beside the one that did would use up its
 * attempts with it. All the others go on meanwhile.
 */
export class Lanes {
  private ready: (Lane | Delivery)[] = [];
  private head = 0;
  private readonly lanes = new Map<string, Lane>();
  /** To be begun one at a time, and the one that is. */
  private lonely: (Lane | Delivery)[] = [];
  private alone: Delivery | undefined;
  private readonly waits = new Set<NodeJS.Timeout>();
  /** Fetched, not begun, and not behind another one of its key. */
  private free = 0;
  /** Messages in lanes, those that are running included. */
  private inLanes = 0;

  /** @param isLonely whether a message must not be begun beside another such one */
  constructor(private readonly isLonely: (delivery: Delivery) => boolean) {}

  /** Messages that could be begun soon. */
  get ahead(): number {
    return this.free;
  }

  /** Messages that have to wait for others of their key. */
  get behind(): number {
    return Math.max(0, this.inLanes - this.lanes.size);
  }

  /** Messages with a key, running ones included. */
  get keyed(): number {
    return this.inLanes;
  }

  add(delivery: Delivery): void {
    const { key } = delivery.message;
    if (delivery.source === LOOSE || key === undefined) {
      this.free++;
      this.ready.push(delivery);
      return;
    }
    this.inLanes++;
    const lane = this.lanes.get(key);
    if (lane !== undefined) {
      lane.queue.push(delivery);
      return;
    }
    const made: Lane = { source: delivery.source, queue: [delivery], state: 'ready' };
    this.lanes.set(key, made);
    this.free++;
    this.ready.push(made);
  }

  /** Those without a key. */
  loose(): Delivery[] {
    return [...this.ready.slice(this.head), ...this.lonely].filter((one): one is Delivery => !('queue' in one));
  }

  /** The next message to handle. */
  next(): Delivery | undefined {
    const lonely = this.nextLonely();
    if (lonely !== undefined) return lonely;
    while (this.head < this.ready.length) {
      const first = this.ready[this.head++] as Lane | Delivery;
      if (this.head > 1_000 && this.head * 2 > this.ready.length) {
        this.ready = this.ready.slice(this.head);
        this.head = 0;
      }
      const delivery = firstOf(first);
      if (delivery === undefined) continue;
      this.free--;
      if (this.isLonely(delivery)) {
        this.lonely.push(first);
        const next = this.nextLonely();
        if (next !== undefined) return next;
      } else return begun(first, delivery);
    }
    return undefined;
  }

  /** The message does not run any more, whatever became of it. */
  ended(delivery: Delivery): void {
    if (this.alone === delivery) this.alone = undefined;
  }

  /** The message was handled or given up: the next one of its key may go. */
  done(delivery: Delivery): void {
    const lane = this.laneOf(delivery);
    if (lane === undefined) return;
    // It stands first, or once more when this node has taken the partition anew meanwhile, or not at all.
    if (lane.queue[0]?.id === delivery.id) {
      lane.queue.shift();
      this.inLanes--;
    }
    this.release(lane, delivery);
  }

  /** The message failed: its lane waits, and it is the next one again. */
  retry(delivery: Delivery, after: number, wake: () => void): void {
    const lane = this.laneOf(delivery);
    if (lane === undefined) return;
    if (lane.queue[0]?.id !== delivery.id) {
      this.release(lane, delivery);
      return;
    }
    lane.state = 'waiting';
    const timer = setTimeout(() => {
      this.waits.delete(timer);
      if (lane.state !== 'waiting') return;
      this.release(lane, delivery);
      wake();
    }, after);
    this.waits.add(timer);
  }

  /**
   * Takes out everything, of one source or of all. Lanes whose message is running stay, empty: that message is among
   * what is returned, and its end is still waited for.
   */
  drop(source?: Source): Delivery[] {
    const dropped: Delivery[] = [];
    const kept: (Lane | Delivery)[] = [];
    for (const one of this.ready.slice(this.head)) {
      if ('queue' in one) kept.push(one);
      else if (source === undefined || source === LOOSE) dropped.push(one);
      else kept.push(one);
    }
    for (const [key, lane] of this.lanes) {
      if (source !== undefined && lane.source !== source) continue;
      dropped.push(...lane.queue);
      this.inLanes -= lane.queue.length;
      lane.queue = [];
      if (lane.state === 'running') continue;
      lane.state = 'gone';
      this.lanes.delete(key);
    }
    this.ready = kept.filter((one) => !('queue' in one) || one.state === 'ready');
    this.head = 0;
    this.free = this.ready.length;
    this.dropLonely(source, dropped);
    return dropped;
  }

  /** Nothing happens any more by itself. */
  end(): void {
    for (const timer of this.waits) clearTimeout(timer);
    this.waits.clear();
    this.drop();
  }

  private nextLonely(): Delivery | undefined {
    while (this.alone === undefined && this.lonely.length > 0) {
      const first = this.lonely.shift() as Lane | Delivery;
      const delivery = firstOf(first);
      if (delivery === undefined) continue;
      this.alone = delivery;
      return begun(first, delivery);
    }
    return undefined;
  }

  private dropLonely(source: Source | undefined, dropped: Delivery[]): void {
    const staying: (Lane | Delivery)[] = [];
    for (const one of this.lonely) {
      if ('queue' in one) {
        if (one.state === 'ready') staying.push(one);
      } else if (source === undefined || source === LOOSE) dropped.push(one);
      else staying.push(one);
    }
    this.lonely = staying;
    // What runs on after everything was taken from this member does not hold up what it gets anew.
    if (source === undefined) this.alone = undefined;
  }

  private laneOf({ message: { key }, source }: Delivery): Lane | undefined {
    return key === undefined || source === LOOSE ? undefined : this.lanes.get(key);
  }

  private release(lane: Lane, { message: { key = '' } }: Delivery): void {
    if (lane.queue.length === 0) {
      this.lanes.delete(key);
      return;
    }
    lane.state = 'ready';
    this.free++;
    this.ready.push(lane);
  }
}

/** The message that is next there; undefined when it was taken out meanwhile. */
function firstOf(one: Lane | Delivery): Delivery | undefined {
  if (!('queue' in one)) return one;
  return one.state === 'ready' ? one.queue[0] : undefined;
}

function begun(one: Lane | Delivery, delivery: Delivery): Delivery {
  if ('queue' in one) one.state = 'running';
  return delivery;
}
