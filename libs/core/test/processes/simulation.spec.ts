import 'reflect-metadata';
import { isDeepStrictEqual } from 'node:util';
import { generate, type Program } from './simulation/program.js';
import { crashAlong, replayFinished, report, runStraight, type Verdict } from './simulation/simulate.js';

/** `CATGA_SIM_SEED`: the first seed. `CATGA_SIM_RUNS`: how many programs. */
const FIRST = Number(process.env['CATGA_SIM_SEED'] ?? 1);
const RUNS = Number(process.env['CATGA_SIM_RUNS'] ?? 2_000);
/** Programs at one time: their short waits overlap. */
const AT_ONCE = 40;

/** Does the work for each program, many at a time; collects what is wrong. */
async function each(work: (program: Program) => Promise<string | undefined>, runs = RUNS): Promise<string[]> {
  const failures: string[] = [];
  let next = FIRST;
  const worker = async (): Promise<void> => {
    while (next < FIRST + runs && failures.length < 5) {
      const failure = await work(generate(next++));
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

async function judged(program: Program, verdict: Verdict): Promise<string | undefined> {
  return verdict.problems.length === 0 ? undefined : await report(program, verdict);
}

// Stack traces of a hundred thousand planned errors cost more than everything else.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe(`${RUNS} random programs from seed ${FIRST}`, () => {
  it('crashed after every one to three writes and resumed on a fresh node, come out as their journals say', async () => {
    let lives = 0;
    const failures = await each(async (program) => {
      const verdict = await crashAlong(program);
      lives += verdict.lives;
      return judged(program, verdict);
    });
    expect(failures.join('\n\n')).toBe('');
    expect(lives).toBeGreaterThan(3 * RUNS);
  }, 180_000);
});
