import { cpu, each, figure, line, rate, wall } from '../runner/figures.mjs';
import { takeRounds } from '../runner/rounds.mjs';

const RUNS = {
  one: { file: 'sqlite/processes', variant: '1' },
  fifty: { file: 'sqlite/processes', variant: '50' },
  disk: { file: 'sqlite/disk' },
};

/** Completed steps of the runs that a restart takes up. */
const [SHORT, LONG] = [1, 401];
const RUNS_EACH = 20;
const REPLAY = {
  short: { file: 'sqlite/replay', variant: String(SHORT) },
  long: { file: 'sqlite/replay', variant: String(LONG) },
};

/** Processes on the embedded store, synchronous FULL, in a file. */
export async function sqlite({ folder }) {
  const env = { BENCH_FOLDER: folder };
  const runs = await takeRounds(RUNS, { rounds: 11, milliseconds: 800, env });
  const replays = await takeRounds(REPLAY, { rounds: 5, milliseconds: 1, env });
  const [s, r] = [runs.samples, replays.samples];
  const of = (samples, name) => each(samples, figure(name));
  const perStep = (time) =>
    r.long.map((sample, i) => (time(sample) - time(r.short[i])) / (RUNS_EACH * (LONG - SHORT)) / 1e3);
  return {
    title: 'Embedded store: SQLite, WAL, synchronous FULL',
    quiet: Math.min(runs.quiet, replays.quiet),
    lines: [
      line('sqlite.processes.1', 'three-step processes, one at a time', each(s.one, rate), {
        unit: '/s',
        least: 400,
      }),
      line('sqlite.processes.50', 'three-step processes, 50 in flight', each(s.fifty, rate), {
        unit: '/s',
        least: 5_000,
      }),
      line('sqlite.step.p99.1', 'p99 of a step, one process at a time', of(s.one, 'stepP99'), { unit: 'ms', most: 10 }),
      line('sqlite.step.p99.50', 'p99 of a step, 50 in flight', of(s.fifty, 'stepP99'), { unit: 'ms', most: 10 }),
      line('sqlite.step.p50.1', 'p50 of a step, one process at a time', of(s.one, 'stepP50'), { unit: 'ms' }),
      line('sqlite.step.p50.50', 'p50 of a step, 50 in flight', of(s.fifty, 'stepP50'), { unit: 'ms' }),
      line('sqlite.commits', 'commits of a three-step process, counted', of(s.one, 'commits'), {
        unit: 'commits',
        most: 4,
      }),
      line('sqlite.commits.50', 'the same with 50 in flight', of(s.fifty, 'commits'), { unit: 'commits', most: 4 }),
      line('sqlite.loop.p99', 'event-loop delay p99, 50 in flight', of(s.fifty, 'loopP99'), { unit: 'ms', most: 5 }),
      line('sqlite.replay', 'replay of a completed step, at a restart', perStep(wall), { unit: 'µs', most: 20 }),
      line('sqlite.replay.cpu', 'the same in CPU time of all threads', perStep(cpu), { unit: 'µs CPU' }),
      line(
        'sqlite.cpu.50',
        'CPU of a process with 50 in flight, all threads',
        each(s.fifty, (x) => cpu(x) / 1e3),
        {
          unit: 'µs CPU',
        },
      ),
      line(
        'sqlite.main.50',
        'of it on the main thread',
        each(s.fifty, (x) => x.main / x.operations / 1e3),
        {
          unit: 'µs CPU',
        },
      ),
      line('sqlite.disk', 'floor: 4 KiB appended and fdatasync, one after the other', each(s.disk, rate), {
        unit: '/s',
      }),
      line(
        'sqlite.commits.vs-disk',
        'durable writes of processes one at a time against that floor',
        s.one.map((sample, i) => (rate(sample) * sample.figures.commits) / rate(s.disk[i])),
        { unit: '×' },
      ),
    ],
  };
}
