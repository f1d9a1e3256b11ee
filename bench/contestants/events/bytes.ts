import { EventLog, EventRegistry, MemoryStore } from '@catga/core';
import type { Contestant } from '../contestant.js';
import { castore } from './castore.js';
import { emmett, expected } from './emmett.js';
import { LineAdded, lineOf } from './line-added.js';

/** Few long streams, then many short ones: what both cost tells streams from events. */
const LONG = { streams: 200, events: 100 };
const SHORT = { streams: 20_000, events: 1 };

/** Keeps one event; whoever makes it keeps whatever it needs to. */
type Keep = (stream: string, version: number) => unknown;

const STORES: Record<string, () => Keep> = {
  /** The floor: the events of each stream in an array, found by its name. */
  plain() {
    const streams = new Map<string, LineAdded[]>();
    return (stream, version) => {
      const events = streams.get(stream);
      if (events === undefined) streams.set(stream, [lineOf(stream, version)]);
      else events.push(lineOf(stream, version));
    };
  },
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
  copy() {
    const store = new MemoryStore({ mode: 'copy' });
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

/** Heap after a collection, with so many streams and without: what an event and what a stream keeps of memory. */
export default async function bytes(who: string): Promise<Contestant> {
  const fresh = STORES[who] as () => Keep;
  return {
    async run() {
      // Once for the compiler, whose work is memory too.
      await keptBytes(fresh(), { streams: 10, events: 100 });
      const long = await keptBytes(fresh(), LONG);
      const short = await keptBytes(fresh(), SHORT);
      const perEvent = long / (LONG.streams * LONG.events);
      return { event: perEvent, stream: short / SHORT.streams - perEvent };
    },
  };
}

async function keptBytes(keep: Keep, { streams, events }: typeof LONG): Promise<number> {
  const before = usedMemory();
  for (let stream = 0; stream < streams; stream++) {
    for (let version = 0; version < events; version++) await keep(`order-${stream}`, version);
  }
  const used = usedMemory() - before;
  // Used once more, or it would be garbage by now.
  await keep('last', 0);
  return used;
}

function usedMemory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
