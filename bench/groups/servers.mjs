import { each, figure, line } from '../runner/figures.mjs';
import { takeRounds } from '../runner/rounds.mjs';
import { startServers } from '../runner/servers.mjs';

const SERVERS = {
  'redis-everysec': { kind: 'redis', appendfsync: 'everysec' },
  'redis-always': { kind: 'redis', appendfsync: 'always' },
  nats: { kind: 'nats' },
};

/** What an acknowledged write survives stands in every line: without it a rate says nothing. */
const STORES = [
  { name: 'memory', of: 'memory, nothing kept', bars: {} },
  { name: 'sqlite', of: 'SQLite, fsync each commit', bars: {} },
  { name: 'redis-everysec', of: 'Redis, appendfsync everysec', bars: { 1: 400, 50: 1_500 } },
  { name: 'redis-always', of: 'Redis, appendfsync always', bars: {} },
  { name: 'nats', of: 'NATS JetStream, file, no fsync', bars: { 1: 300, 50: 800 } },
];
const IN_FLIGHT = [1, 50, 500];
const ROUNDS = 5;
/** A sample takes a second and has servers beside it: a gap between other programs' work is no help. Milliseconds. */
const PATIENCE = 50;

/** Appends and processes on every store, in one run. */
export async function servers({ folder }) {
  const { urls, notes, stop } = await startServers(folder, SERVERS);
  try {
    const there = STORES.filter(({ name }) => !(name in SERVERS) || name in urls);
    const contestants = Object.fromEntries(
      there.flatMap(({ name }) => {
        const variant = name in urls ? `${SERVERS[name].kind} ${urls[name]}` : name;
        return [
          [`appends ${name}`, { file: 'servers/appends', variant }],
          [`processes ${name}`, { file: 'servers/processes', variant }],
        ];
      }),
    );
    // The contestants time themselves: one operation is one visit of all levels.
    const plan = { rounds: ROUNDS, milliseconds: 1, patience: PATIENCE, env: { BENCH_FOLDER: folder } };
    const { samples, quiet } = await takeRounds(contestants, plan);
    const linesOf = (what, title, bars) =>
      there.flatMap((store) =>
        IN_FLIGHT.map((inFlight) =>
          line(
            `servers.${what}.${store.name}.${inFlight}`,
            `${title}, ${inFlight === 1 ? 'one at a time' : `${inFlight} in flight`}: ${store.of}`,
            each(samples[`${what} ${store.name}`], figure(String(inFlight))),
            { unit: '/s', ...(bars && inFlight in store.bars ? { least: store.bars[inFlight] } : {}) },
          ),
        ),
      );
    return {
      title: 'Stores side by side: memory, SQLite, Redis, NATS',
      quiet,
      notes,
      lines: [...linesOf('processes', 'three-step processes', true), ...linesOf('appends', 'appends', false)],
    };
  } finally {
    await stop();
  }
}
