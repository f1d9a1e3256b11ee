import { EventLog, EventRegistry, MemoryStore } from '@catga/core';
import { nextTurn, type Contestant } from '../contestant.js';
import { castore } from './castore.js';
import { emmett, expected } from './emmett.js';
import { LineAdded, lineOf } from './line-added.js';

/** Appends one event to a stream of exactly this version. */
type Append = (stream: string, version: number) => unknown;

/** A fresh store each. All of them keep references: nobody serialises. */
const STORES: Record<string, () => Append> = {
  store() {
    const store = new MemoryStore();
    return (stream, version) =>
      store.commit({
        appends: [
          { stream, expectedVersion: version, events: [{ type: LineAdded.type, data: lineOf(stream, version) }] },
        ],
      });
  },
  log() {
    const store = new MemoryStore();
    const log = new EventLog(store, new EventRegistry(store));
    return (stream, version) => log.append(stream, [lineOf(stream, version)], { expectedVersion: version });
  },
  emmett() {
    const store = emmett().getInMemoryEventStore();
    return (stream, version) =>
      store.appendToStream(stream, [{ type: LineAdded.type, data: lineOf(stream, version) }], {
        expectedStreamVersion: expected(version),
      });
  },
  castore() {
    const store = castore(LineAdded.type, (state: number) => state);
    return (aggregateId, version) =>
      store.pushEvent({
        aggregateId,
        version: version + 1,
        type: LineAdded.type,
        payload: lineOf(aggregateId, version),
      });
  },
};

/** Coprime with every number of streams: neighbours in time are no neighbours in memory. */
const STRIDE = 7_919;

/**
 * Appends of one event with the exact expected version to a store that holds so many streams, each stream in its turn.
 * A store is thrown away before its streams have become long, so that the number of streams is what differs.
 *
 * @param variant who and how many streams: `emmett 1000`
 */
export default async function append(variant: string): Promise<Contestant> {
  const [who = '', count = ''] = variant.split(' ');
  const fresh = STORES[who] as () => Append;
  const streams = Number(count);
  const names = Array.from({ length: streams }, (_, i) => `order-${i}`);
  const limit = streams * (streams > 100_000 ? 3 : 10);
  let add = fresh();
  let number = 0;

  async function appendTo(end: number): Promise<void> {
    for (; number < end; number++) {
      await add(names[(number * STRIDE) % streams] as string, Math.floor(number / streams));
      if (number % 100 === 99) await nextTurn();
    }
  }
  function startAgain(): void {
    add = fresh();
    number = 0;
  }

  return {
    async prepare() {
      if (number > limit - streams) startAgain();
      if (number < streams) await appendTo(streams);
    },
    async run(operations) {
      for (let left = operations; left > 0;) {
        if (number === limit) startAgain();
        const some = Math.min(left, limit - number);
        await appendTo(number + some);
        left -= some;
      }
    },
  };
}
