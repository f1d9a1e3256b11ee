import { cpu, difference, each, figure, line, rate, ratio } from '../runner/figures.mjs';
import { takeRounds } from '../runner/rounds.mjs';

const RUNS = {
  bare: { file: 'memory/bare' },
  byHand: { file: 'memory/by-hand' },
  reference: { file: 'memory/processes', variant: 'reference' },
  reference100: { file: 'memory/processes', variant: 'reference-100' },
  young: { file: 'memory/processes', variant: 'reference', flags: ['--max-semi-space-size=64'] },
  all: { file: 'memory/processes', variant: 'reference-all' },
  copy: { file: 'memory/processes', variant: 'copy' },
};

const STEPS = {
  bareSteps: { file: 'memory/steps', variant: 'bare' },
  stepsByHand: { file: 'memory/steps', variant: 'by-hand' },
  steps: { file: 'memory/steps', variant: 'recorded' },
};

const KEPT = {
  reference: { file: 'memory/kept-bytes', variant: 'reference', flags: ['--expose-gc'] },
  copy: { file: 'memory/kept-bytes', variant: 'copy', flags: ['--expose-gc'] },
};

/** Processes and steps on the memory store. */
export async function memory() {
  const steps = await takeRounds(STEPS, { rounds: 21, milliseconds: 50 });
  // Long enough that each sample has its share of garbage collection.
  const runs = await takeRounds(RUNS, { rounds: 11, milliseconds: 250 });
  const kept = await takeRounds(KEPT, { rounds: 3, milliseconds: 1 });
  const [s, r, k] = [steps.samples, runs.samples, kept.samples];
  const perSecond = (name, title, samples, bar = {}) =>
    line(`memory.processes.${name}`, title, each(samples, rate), { unit: '/s', ...bar });
  const ns = (name, title, samples) => line(`memory.${name}.ns`, title, each(samples, cpu), { unit: 'ns CPU' });
  return {
    title: 'Processes in memory',
    quiet: Math.min(steps.quiet, runs.quiet),
    lines: [
      line(
        'memory.step.over-bare',
        'a recorded step over the bare awaited method, `reference`',
        difference(s.steps, s.bareSteps),
        { unit: 'ns CPU', most: 100 },
      ),
      line('memory.step.vs-bare', 'the same as a ratio', ratio(s.steps, s.bareSteps), { unit: '×' }),
      line(
        'memory.step.by-hand-over-bare',
        'compare: a step put into a list by hand, over the bare awaited method',
        difference(s.stepsByHand, s.bareSteps),
        { unit: 'ns CPU' },
      ),
      perSecond('reference', 'three-step processes, `reference`, the last 10,000 kept (the default)', r.reference, {
        least: 300_000,
      }),
      perSecond('reference-100', 'the same, 100 in flight', r.reference100),
      perSecond('reference-young', 'the same, one at a time, `node --max-semi-space-size=64`', r.young),
      perSecond('reference-all', 'the same, one at a time, every history kept', r.all),
      perSecond('copy', 'three-step processes, `copy`, the last 10,000 kept', r.copy),
      perSecond(
        'by-hand',
        'compare: the same three steps put into a list by hand, the last 10,000 kept in a `Map`',
        r.byHand,
      ),
      line('memory.processes.vs-by-hand', 'a process against that, `reference`', ratio(r.reference, r.byHand), {
        unit: '×',
      }),
      perSecond('bare', 'the same class called directly, nothing recorded', r.bare),
      line('memory.processes.vs-bare', 'a process against the bare class, `reference`', ratio(r.reference, r.bare), {
        unit: '×',
      }),
      line(
        'memory.kept.reference',
        'heap of a finished process, `reference`',
        each(k.reference.slice(1), figure('bytes')),
        { unit: 'bytes' },
      ),
      line('memory.kept.copy', 'heap of a finished process, `copy`', each(k.copy.slice(1), figure('bytes')), {
        unit: 'bytes',
      }),
      ns('step.bare', 'the bare awaited method', s.bareSteps),
      ns('step.recorded', 'a recorded step', s.steps),
      ns('process.bare', 'the bare class', r.bare),
      ns('process.reference', 'a process, `reference`', r.reference),
      ns('process.reference-100', 'a process, `reference`, 100 in flight', r.reference100),
      ns('process.reference-all', 'a process, `reference`, every history kept', r.all),
      ns('process.copy', 'a process, `copy`', r.copy),
    ],
  };
}
