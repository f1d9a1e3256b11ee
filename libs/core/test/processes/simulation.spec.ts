import 'reflect-metadata';
import { jest } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { Replay } from '../../src/processes/engine/replay.js';
import { History } from '../../src/processes/journal/history.js';
import { contend, onFailingStore } from './simulation/adversity.js';
import { generate, type Program } from './simulation/program.js';
import {
  crashAlong,
  replayFinished,
  report,
  runStraight,
  type StoreMode,
  type Verdict,
} from './simulation/simulate.js';

/** `CATGA_SIM_SEED`: the first seed. `CATGA_SIM_RUNS`: how many programs. */
const FIRST = Number(process.env['CATGA_SIM_SEED'] ?? 1);
const RUNS = Number(process.env['CATGA_SIM_RUNS'] ?? 2_000);
/** Programs at one time: their short waits overlap. */
const AT_ONCE = 40;
const MODES: readonly StoreMode[] = ['copy', 'reference'];
const TIME_LIMIT = 300_000;

// Stack traces of a hundred thousand planned errors cost more than everything else.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** Does the work for each program, many at a time, and collects what is wrong; enough is enough after five. */
async function eachProgram(
  work: (program: Program) => Promise<string | undefined>,
  runs: number = RUNS,
): Promise<string> {
  const failures: string[] = [];
  let next = FIRST;
  const worker = async (): Promise<void> => {
    while (next < FIRST + runs && failures.length < 5) {
      const failure = await work(generate(next++));
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures.join('\n\n');
}

async function wrong(program: Program, verdict: Verdict, more: readonly string[] = []): Promise<string | undefined> {
  const problems = [...verdict.problems, ...more];
  return problems.length === 0 ? undefined : await report(program, { ...verdict, problems });
}

/** What two runs of a program have in common, when nothing in it depends on which of two things comes first. */
function differences(program: Program, one: Verdict, other: Verdict): string[] {
  if (program.flavour === 'racy') return [];
  const problems: string[] = [];
  if (one.ending.kind !== other.ending.kind) problems.push(`one ${one.ending.kind}, the other ${other.ending.kind}`);
  const [left, right] = [one, other].map(({ ending }) => (ending.kind === 'completed' ? ending.result : undefined));
  if (!isDeepStrictEqual(left, right)) problems.push('the results differ');
  // Of parallel chains only each one's own order is fixed; the model has looked at that.
  const order = ({ order: keys }: Verdict): string =>
    [...(program.flavour === 'sequential' ? keys : keys.toSorted())].join(' ');
  if (order(one) !== order(other)) problems.push(`the effects differ: ${order(one)} and ${order(other)}`);
  return problems;
}

describe(`${RUNS} random programs from seed ${FIRST}`, () => {
  const crashed = new Map<number, Verdict>();

  it(
    'crashed after every one to three writes and resumed on a fresh node, come out as their journals say',
    async () => {
      let lives = 0;
      const failures = await eachProgram(async (program) => {
        const verdict = await crashAlong(program);
        lives += verdict.lives;
        if (program.flavour !== 'racy') crashed.set(program.seed, verdict);
        return wrong(program, verdict, await replayFinished(program, verdict));
      });
      expect(failures).toBe('');
      // Most programs need many lives: the crashes have happened.
      expect(lives).toBeGreaterThan(3 * RUNS);
    },
    TIME_LIMIT,
  );

  it(
    'come out the same uninterrupted, on a store of copies and on one of references',
    async () => {
      let compared = 0;
      const failures = await eachProgram(async (program) => {
        // A racy program has nothing to be compared with but its own journal: one of the two stores will do.
        const modes = program.flavour !== 'racy' ? MODES : [MODES[program.seed % 2] as StoreMode];
        const verdicts = await Promise.all(modes.map((mode) => runStraight(program, mode)));
        const before = crashed.get(program.seed);
        if (before) compared++;
        const all = before ? [...verdicts, before] : verdicts;
        const more = all.flatMap((one) => differences(program, all[0] as Verdict, one));
        const failed = await Promise.all(verdicts.map((verdict) => wrong(program, verdict, more)));
        return failed.find((one) => one !== undefined);
      });
      expect(failures).toBe('');
      // Those that can be compared with their crashed run were.
      expect(compared).toBe(crashed.size);
    },
    TIME_LIMIT,
  );
});

describe('other adversities', () => {
  const some = Math.ceil(RUNS / 8);

  it(
    'three nodes that take a run from each other all the time write one history',
    async () => {
      let claims = 0;
      const failures = await eachProgram(async (program) => {
        const verdict = await contend(program);
        claims += verdict.lives - 1;
        return wrong(program, verdict, await replayFinished(program, verdict));
      }, some);
      expect(failures).toBe('');
      expect(claims).toBeGreaterThan(some / 2);
    },
    TIME_LIMIT,
  );

  it(
    'a store whose commits fail now and then, applied or not, changes nothing',
    async () => {
      let failed = 0;
      const failures = await eachProgram(async (program) => {
        const verdict = await onFailingStore(program);
        failed += verdict.failures;
        return wrong(program, verdict, await replayFinished(program, verdict));
      }, some);
      expect(failures).toBe('');
      expect(failed).toBeGreaterThan(some / 2);
    },
    TIME_LIMIT,
  );
});

describe('an engine that is broken on purpose', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** How many of the first hundred racy programs the judge finds wrong. */
  async function caught(): Promise<number> {
    const verdicts: Promise<Verdict>[] = [];
    for (let seed = FIRST; verdicts.length < 100; seed++) {
      const program = generate(seed);
      if (program.flavour === 'racy') verdicts.push(crashAlong(program));
    }
    return (await Promise.all(verdicts)).filter(({ problems }) => problems.length > 0).length;
  }

  it('is caught when a replay hands out ends in another order than the recorded one', async () => {
    const load = History.load.bind(History);
    jest.spyOn(History, 'load').mockImplementation(async (...args) => {
      const history = await load(...args);
      history.ended.sort((a, b) => (a.key < b.key ? -1 : 1));
      return history;
    });
    expect(await caught()).toBeGreaterThan(25);
  });

  it('is caught when a replay hands out several ends in one turn of the event loop', async () => {
    const turn = Replay.prototype.turn;
    jest.spyOn(Replay.prototype, 'turn').mockImplementation(function (this: Replay) {
      const first = turn.call(this);
      return first === 'finished' ? first : turn.call(this);
    });
    expect(await caught()).toBeGreaterThan(10);
  });
});
