/** A map that forgets what was added longest ago when it is full. Forgetting costs the reader a look into the file. */
export class BoundedMap<K, V> {
  private readonly entries = new Map<K, V>();

  constructor(private readonly most: number) {}

  get(key: K): V | undefined {
    return this.entries.get(key);
  }

  set(key: K, value: V): void {
    this.entries.set(key, value);
  }

  /** Called between transactions: within one, nothing that it works on may be forgotten. */
  trim(): void {
    if (this.entries.size <= this.most) return;
    let excess = this.entries.size - Math.floor(this.most * 0.9);
    for (const key of this.entries.keys()) {
      if (excess-- <= 0) return;
      this.entries.delete(key);
    }
  }

  clear(): void {
    this.entries.clear();
  }
}
