/** Keys that come to one map at least, before the next one takes over. */
const SMALLEST = 16;

/**
 * A map for keys that come and go all the time, the old ones first.
 *
 * One `Map` would do, but each time it throws away deleted entries its former table points to the next one: once a
 * table has reached the old generation of the heap, all tables after it, with whatever they held, are kept until the
 * next full collection, and every young collection gets to copy what is long since deleted. So new keys go to a new
 * `Map` from time to time, and an empty one is dropped.
 */
export class ChurnMap<V> {
  /** Oldest first; the last one takes new keys. Few, because each may hold as many keys as all before it. */
  private maps: Map<string, V>[] = [new Map()];
  /** Keys that the last map may still take. */
  private room = SMALLEST;
  size = 0;

  get(key: string): V | undefined {
    for (let index = this.maps.length - 1; index >= 0; index--) {
      const value = (this.maps[index] as Map<string, V>).get(key);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Adds a key that is not there. */
  add(key: string, value: V): void {
    if (this.room === 0) this.nextMap();
    this.room--;
    this.size++;
    (this.maps[this.maps.length - 1] as Map<string, V>).set(key, value);
  }

  /** Gives a key that is there another value, in its place. */
  replace(key: string, value: V): void {
    this.maps.find((map) => map.has(key))?.set(key, value);
  }

  delete(key: string): void {
    for (let index = 0; index < this.maps.length; index++) {
      const map = this.maps[index] as Map<string, V>;
      if (!map.delete(key)) continue;
      this.size--;
      if (map.size === 0 && index < this.maps.length - 1) this.maps.splice(index, 1);
      return;
    }
  }

  /** In the order in which their keys came. */
  *values(): Iterable<V> {
    for (const map of this.maps) yield* map.values();
  }

  private nextMap(): void {
    if (this.maps[this.maps.length - 1]?.size === 0) this.maps.pop();
    this.maps.push(new Map());
    this.room = Math.max(SMALLEST, this.size);
  }
}
