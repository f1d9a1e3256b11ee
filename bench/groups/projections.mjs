import { each, figure, line } from '../runner/figures.mjs';
import { takeRounds } from '../runner/rounds.mjs';

const CATCH_UP = {
  memory: { file: 'projections/catch-up', variant: 'memory' },
  sqlite: { file: 'projections/catch-up', variant: 'sqlite' },
};

const LAG = {
  memory: { file: 'projections/lag', variant: 'memory' },
  sqlite: { file: 'projections/lag', variant: 'sqlite' },
};

/** Projections with a read model in the store, in memory and embedded. */
export async function projections({ folder }) {
  const env = { BENCH_FOLDER: folder };
  const catchUps = await takeRounds(CATCH_UP, { rounds: 7, milliseconds: 1, env });
  const lags = await takeRounds(LAG, { rounds: 7, milliseconds: 1_000, env });
  const of = (samples, what) => each(samples, figure(what));
  const [c, l] = [catchUps.samples, lags.samples];
  return {
    title: 'Projections',
    quiet: Math.min(catchUps.quiet, lags.quiet),
    lines: [
      line('projections.catch-up.memory', 'catch-up in memory, 100,000 events of 5,000 orders', of(c.memory, 'rate'), {
        unit: '/s',
        least: 100_000,
      }),
      line('projections.catch-up.sqlite', 'catch-up on SQLite, 40,000 events of 2,000 orders', of(c.sqlite, 'rate'), {
        unit: '/s',
        least: 30_000,
      }),
      line('projections.lag.p99.memory', 'lag p99 under 2,000 events/s, memory', of(l.memory, 'p99'), {
        unit: 'ms',
        most: 10,
      }),
      line('projections.lag.p99.sqlite', 'lag p99 under 2,000 events/s, SQLite', of(l.sqlite, 'p99'), {
        unit: 'ms',
        most: 10,
      }),
      line('projections.lag.p50.memory', 'lag p50, memory', of(l.memory, 'p50'), { unit: 'ms' }),
      line('projections.lag.p50.sqlite', 'lag p50, SQLite', of(l.sqlite, 'p50'), { unit: 'ms' }),
      line('projections.append.p99.sqlite', 'p99 of the appends themselves meanwhile, SQLite', of(l.sqlite, 'append'), {
        unit: 'ms',
      }),
      line('projections.pace.memory', 'events appended meanwhile, memory', of(l.memory, 'pace'), { unit: '/s' }),
      line('projections.pace.sqlite', 'events appended meanwhile, SQLite', of(l.sqlite, 'pace'), { unit: '/s' }),
    ],
  };
}
