/** A queue whose both ends cost the same however long it is; `Array.shift` moves everything. For authors of transports. */
export class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  /** Items in it. */
  get size(): number {
    return this.items.length - this.head;
  }

  /** The next item, which stays; undefined when there is none. */
  peek(): T | undefined {
    return this.items[this.head];
  }

  /** Puts an item behind all others. */
  push(item: T): void {
    this.items.push(item);
  }

  /** Puts an item before all others. */
  unshift(item: T): void {
    if (this.head > 0) this.items[--this.head] = item;
    else this.items.unshift(item);
  }

  /** Takes the next item; undefined when there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head > 1_024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** All items, the next one first; they stay. */
  toArray(): T[] {
    return this.items.slice(this.head) as T[];
  }

  /** Throws all items away. */
  clear(): void {
    this.items = [];
    this.head = 0;
  }
}
