/** Entry of every child: loads one contestant and takes samples of it when the parent asks. */
import { readFileSync } from 'node:fs';
import type { Contestant, Figures, Setup } from './contestant.js';

/** What the parent asks for: a sample of about this many milliseconds, or the end. */
type Request = { readonly kind: 'sample'; readonly milliseconds: number } | { readonly kind: 'close' };

/** Times in nanoseconds for all operations of the sample. */
export interface Sample {
  readonly operations: number;
  readonly wall: number;
  /** All threads, garbage collection included. */
  readonly cpu: number;
  /** The main thread alone; NaN where the system does not tell. */
  readonly main: number;
  readonly figures: Figures;
}

const WARM_UP_MS = 1_500;

const [file = '', variant = ''] = process.argv.slice(2);
const { default: setup } = (await import(`./${file}.js`)) as { default: Setup };
const contestant = await setup(variant);
let rate = await warmUp(contestant);

process.on('message', (request: Request) => void answer(request));
process.send?.({ kind: 'ready' });

async function answer(request: Request): Promise<void> {
  if (request.kind === 'close') {
    await contestant.close?.();
    process.disconnect();
    return;
  }
  const sample = await measure(contestant, Math.max(1, Math.round(rate * request.milliseconds)));
  // Follows the machine: a sample lasts as long as it should, also when the machine has become slower.
  rate = sample.operations / (contestant.unit ?? 1) / (sample.wall / 1e6);
  process.send?.({ kind: 'sample', sample });
}

/** Runs until the compiler has settled. Answers with operations a millisecond. */
async function warmUp(one: Contestant): Promise<number> {
  const started = performance.now();
  for (let operations = 1; ; operations *= 2) {
    const { wall } = await measure(one, operations);
    if (performance.now() - started > (one.warmUp ?? WARM_UP_MS)) return operations / (wall / 1e6);
  }
}

async function measure(one: Contestant, operations: number): Promise<Sample> {
  await one.prepare?.();
  const [wall, cpu, main] = [performance.now(), process.cpuUsage(), mainThread()];
  const figures = (await one.run(operations)) ?? {};
  const used = process.cpuUsage(cpu);
  return {
    operations: operations * (one.unit ?? 1),
    wall: (performance.now() - wall) * 1e6,
    cpu: (used.user + used.system) * 1e3,
    main: mainThread() - main,
    figures,
  };
}

/** Nanoseconds that the main thread has had of a processor. */
function mainThread(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
  } catch {
    return Number.NaN;
  }
}
