import { randomInt } from 'node:crypto';

/** Slots of a new table. A power of two, as every number of slots is. */
const FEWEST = 16;
/** Numbers that are kept of each slot. */
const [HASH, NEXT, NEWER, OLDER] = [0, 1, 2, 3];
const FIELDS = 4;
const NONE = -1;

/**
 * Keys come from outside: whoever could tell which of them share a chain could make all of them share one. So the hash
 * depends on a number that only this OS process knows.
 */
const SECRET = randomInt(2 ** 31) | 1;

/**
 * What a {@link KeyTable} files a key under, for those who look up, add and remove the same one.
 *
 * @param before hash of what the key begins with, where `key` is only the rest of it
 */
export function hashOf(key: string, before = SECRET): number {
  let hash = before;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), SECRET);
    hash ^= hash >>> 15;
  }
  return hash;
}

/**
 * A map from text for keys that come and go all the time, in the order in which they came.
 *
 * A `Map` would do, but each time it throws away deleted entries it makes new tables, which the garbage collector moves
 * and scans, and every key that goes into an old table is one more thing it has to look up. Here all that is kept beside
 * the values is numbers, in one array that is never looked at and hardly ever made anew.
 *
 * Invariant: a slot in use is in the chain of its hash, and in the list from {@link oldest} to {@link newest}.
 */
export class KeyTable<V> {
  size = 0;
  private values: (V | undefined)[] = [];
  private slots = new Int32Array(0);
  /** First slots of the chains, by the last bits of the hash. */
  private chains = new Int32Array(0);
  /** First slot that is free; others follow by {@link NEXT}. */
  private free = NONE;
  private oldest = NONE;
  private newest = NONE;

  /** @param keyOf the key of a value, always the same while that is in the table */
  constructor(private readonly keyOf: (value: V) => string) {
    this.resize(FEWEST);
  }

  get(key: string): V | undefined {
    const slot = this.slotOf(key, hashOf(key));
    return slot === NONE ? undefined : this.values[slot];
  }

  /** False when no key of this hash is there. */
  mayHave(hash: number): boolean {
    const { slots, chains } = this;
    let slot = chains[hash & (chains.length - 1)] as number;
    while (slot !== NONE && slots[slot * FIELDS + HASH] !== hash) slot = slots[slot * FIELDS + NEXT] as number;
    return slot !== NONE;
  }

  /** Adds a value whose key is not there. */
  add(value: V, hash = hashOf(this.keyOf(value))): void {
    if (this.free === NONE) this.resize(this.values.length * 2);
    const slot = this.free;
    this.free = this.slots[slot * FIELDS + NEXT] as number;
    this.values[slot] = value;
    this.size++;
    this.link(slot, hash);
  }

  /** Puts another value of the same key in the place of one that is there. */
  replace(value: V): void {
    const key = this.keyOf(value);
    const slot = this.slotOf(key, hashOf(key));
    if (slot !== NONE) this.values[slot] = value;
  }

  delete(key: string): void {
    const slot = this.slotOf(key, hashOf(key));
    if (slot !== NONE) this.empty(slot);
  }

  /** Removes a value that is there. */
  remove(value: V, hash: number): void {
    let slot = this.chains[hash & (this.chains.length - 1)] as number;
    while (slot !== NONE && this.values[slot] !== value) slot = this.slots[slot * FIELDS + NEXT] as number;
    if (slot !== NONE) this.empty(slot);
  }

  private empty(slot: number): void {
    this.unlink(slot);
    this.values[slot] = undefined;
    this.slots[slot * FIELDS + NEXT] = this.free;
    this.free = slot;
    this.size--;
    if (this.size * 8 < this.values.length && this.values.length > FEWEST) this.resize(this.values.length / 4);
  }

  /** In the order in which their keys came. The table must not change meanwhile. */
  *all(): Iterable<V> {
    for (let slot = this.oldest; slot !== NONE; slot = this.slots[slot * FIELDS + NEWER] as number) {
      yield this.values[slot] as V;
    }
  }

  private slotOf(key: string, hash: number): number {
    const { slots, values, chains } = this;
    let slot = chains[hash & (chains.length - 1)] as number;
    while (slot !== NONE) {
      if (slots[slot * FIELDS + HASH] === hash && this.keyOf(values[slot] as V) === key) return slot;
      slot = slots[slot * FIELDS + NEXT] as number;
    }
    return NONE;
  }

  private link(slot: number, hash: number): void {
    const { slots, chains, newest } = this;
    const at = slot * FIELDS;
    const chain = hash & (chains.length - 1);
    slots[at + HASH] = hash;
    slots[at + NEXT] = chains[chain] as number;
    slots[at + OLDER] = newest;
    slots[at + NEWER] = NONE;
    chains[chain] = slot;
    if (newest === NONE) this.oldest = slot;
    else slots[newest * FIELDS + NEWER] = slot;
    this.newest = slot;
  }

  private unlink(slot: number): void {
    const { slots, chains } = this;
    const at = slot * FIELDS;
    const next = slots[at + NEXT] as number;
    const chain = (slots[at + HASH] as number) & (chains.length - 1);
    let before = chains[chain] as number;
    if (before === slot) {
      chains[chain] = next;
    } else {
      while (slots[before * FIELDS + NEXT] !== slot) before = slots[before * FIELDS + NEXT] as number;
      slots[before * FIELDS + NEXT] = next;
    }
    const older = slots[at + OLDER] as number;
    const newer = slots[at + NEWER] as number;
    if (older === NONE) this.oldest = newer;
    else slots[older * FIELDS + NEWER] = newer;
    if (newer === NONE) this.newest = older;
    else slots[newer * FIELDS + OLDER] = older;
  }

  /** Makes room for so many values, and puts those that are there into it in their order. */
  private resize(room: number): void {
    const values = [...this.all()];
    const hashes = this.hashes();
    this.values = new Array<V | undefined>(room).fill(undefined);
    this.slots = new Int32Array(room * FIELDS);
    this.chains = new Int32Array(room * 2).fill(NONE);
    this.oldest = this.newest = NONE;
    values.forEach((value, slot) => {
      this.values[slot] = value;
      this.link(slot, hashes[slot] as number);
    });
    this.free = NONE;
    for (let slot = room - 1; slot >= values.length; slot--) {
      this.slots[slot * FIELDS + NEXT] = this.free;
      this.free = slot;
    }
  }

  /** Of all values in their order. */
  private hashes(): number[] {
    const hashes: number[] = [];
    for (let slot = this.oldest; slot !== NONE; slot = this.slots[slot * FIELDS + NEWER] as number) {
      hashes.push(this.slots[slot * FIELDS + HASH] as number);
    }
    return hashes;
  }
}
