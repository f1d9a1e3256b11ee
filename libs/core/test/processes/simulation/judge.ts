import { isDeepStrictEqual } from 'node:util';
import { streamOf } from '../../../src/processes/engine/run-record.js';
import { toRecorded, type RecordedEvent } from '../../../src/processes/journal/journal-event.js';
import { JsonCodec, type Store } from '../../../src/store/index.js';
import { described } from './interpret.js';
import { FROM_THE_RUN, Model, type RecordedEnd } from './model.js';
import { COMPENSATED, type Program } from './program.js';
import type { World } from './world.js';

/** How a run ended for whoever waited for it. */
export type Ending =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'other'; readonly what: string };

/** A journal, read. */
export class Facts {
  readonly ends: (RecordedEnd & { readonly version: number })[] = [];
  /** Version of the first start of each step. */
  readonly started = new Map<string, { readonly version: number; readonly input: unknown }>();
  readonly attempts = new Map<string, number>();
  readonly inDoubt = new Set<string>();
  /** Ended with a plain no: nothing has happened that could be undone. */
  readonly refused = new Set<string>();
  readonly undone: string[] = [];
  readonly problems: string[] = [];
  startedAt = 0;
  compensationAt = Number.POSITIVE_INFINITY;
  terminal: RecordedEvent | undefined;
  claims = 0;
  private readonly open = new Set<string>();

  constructor(
    readonly events: readonly RecordedEvent[],
    private readonly decode: (payload: unknown) => unknown,
  ) {
    for (const event of events) this.read(event);
  }

  static async of(store: Store, id: string): Promise<Facts> {
    const codec = new JsonCodec();
    const decode =
      store.capabilities.payload === 'reference'
        ? (payload: unknown) => payload
        : (payload: unknown) => (payload === '' || payload === null ? undefined : codec.decode(payload as string));
    return new Facts((await store.readStream(streamOf(id, 1))).map(toRecorded), decode);
  }

  private read(event: RecordedEvent): void {
    const { meta, version } = event;
    const key = meta.step as string;
    if (this.terminal) this.problems.push(`${event.type} after ${this.terminal.type}`);
    switch (event.type) {
      case 'ProcessStarted':
        this.startedAt = event.at;
        if (version !== 1) this.problems.push('started twice');
        return;
      case 'ProcessClaimed':
        this.claims++;
        if (meta.epoch !== this.claims + 1) this.problems.push(`epoch ${meta.epoch} after ${this.claims} claims`);
        return;
      case 'ProcessStepStarted':
        return this.stepStarted(key, event);
      case 'ProcessStepCompleted':
        return this.stepEnded(key, event, true);
      case 'ProcessStepFailed':
        this.open.delete(key);
        if (meta.outcome === 'unknown') this.inDoubt.add(key);
        if (meta.retryAt === undefined) {
          if (meta.outcome === 'refused' && !this.inDoubt.has(key)) this.refused.add(key);
          this.stepEnded(key, event, false);
        }
        return;
      case 'ProcessCompensationStarted':
        if (this.compensationAt < version) this.problems.push('compensation started twice');
        this.compensationAt = version;
        return;
      case 'ProcessStepCompensated':
        if (this.undone.includes(key)) this.problems.push(`${key} undone twice`);
        this.undone.push(key);
        return;
      case 'ProcessCompleted':
      case 'ProcessFailed':
      case 'ProcessCancelled':
        this.terminal = event;
        return;
      default:
    }
  }

  private stepStarted(key: string, { meta, version, data }: RecordedEvent): void {
    const attempt = (this.attempts.get(key) ?? 0) + 1;
    if (this.hasEnded(key)) this.problems.push(`${key} started after its end`);
    if (meta.attempt !== attempt) this.problems.push(`${key} starts attempt ${meta.attempt}, not ${attempt}`);
    if (version > this.compensationAt) this.problems.push(`${key} started after the compensation had begun`);
    // Cut off without an answer.
    if (this.open.has(key)) this.inDoubt.add(key);
    this.open.add(key);
    this.attempts.set(key, attempt);
    if (!this.started.has(key)) this.started.set(key, { version, input: this.decode(data) });
  }

  private stepEnded(key: string, event: RecordedEvent, ok: boolean): void {
    this.open.delete(key);
    if (!this.started.has(key)) this.problems.push(`${key} ended without a start`);
    if (this.hasEnded(key)) this.problems.push(`${key} ended twice`);
    if (event.version > this.compensationAt) this.problems.push(`${key} ended after the compensation had begun`);
    this.ends.push({ key, ok, value: this.decode(event.data), at: event.at, version: event.version });
  }

  hasEnded(key: string): boolean {
    return this.ends.some((end) => end.key === key);
  }

  /** What has to be undone, in this order: what never ended first, then last end first. */
  toUndo(): string[] {
    const covered = (key: string): boolean => COMPENSATED.has(key.slice(0, key.search(/[:[]/)));
    const ended = this.ends.filter(({ key }) => covered(key) && !this.refused.has(key));
    const never = [...this.started.keys()].filter((key) => covered(key) && !this.hasEnded(key));
    return [...never.reverse(), ...ended.map(({ key }) => key).reverse()];
  }
}

/** Everything that is wrong with a run; nothing when it is right. */
export async function judge(program: Program, store: Store, world: World, ending: Ending): Promise<string[]> {
  const facts = await Facts.of(store, world.runId);
  const problems = [...world.problems, ...facts.problems];
  if (ending.kind === 'other') return [...problems, ending.what];
  const model = new Model(program, facts.startedAt, facts.ends);
  for (const key of model.strayEnds) problems.push(`the end of ${key} is recorded before the program calls it`);
  problems.push(...judgeCalls(facts, model), ...judgeValues(facts, world), ...judgeEnd(facts, model, ending));
  return problems;
}

/** Every recorded step is one that the program calls at this place, with these arguments, after what it follows from. */
function judgeCalls(facts: Facts, model: Model): string[] {
  const problems: string[] = [];
  const calls = new Map(model.calls.map((call) => [call.key, call]));
  for (const [key, { version, input }] of facts.started) {
    const call = calls.get(key);
    if (!call) {
      problems.push(`${key} was started, but the program does not call it`);
      continue;
    }
    const cause = facts.ends[call.afterEnds - 1];
    if (cause && cause.version > version) problems.push(`${key} started before ${cause.key}, which it follows from`);
    if (!sameArguments(call.args, input as unknown[])) problems.push(`${key} was recorded with other arguments`);
  }
  return problems;
}

function sameArguments(expected: unknown[], recorded: unknown[]): boolean {
  // What cannot be encoded is not recorded.
  if (expected.some((one) => typeof one === 'function')) return true;
  return expected.every((one, i) => one === FROM_THE_RUN || isDeepStrictEqual(one, recorded[i]));
}

/** What the flow was given is what the body returned. */
function judgeValues(facts: Facts, world: World): string[] {
  return facts.ends
    .filter(({ ok, value }) => {
      const { token } = (value ?? {}) as { token?: string };
      return ok && token !== undefined && !isDeepStrictEqual(value, world.returned.get(token));
    })
    .map(({ key }) => `the result of ${key} is not what its body returned`);
}

function judgeEnd(facts: Facts, { outcome }: Model, ending: Ending): string[] {
  const { terminal } = facts;
  if (outcome.kind === 'open') return ['the journal ends before the program does'];
  if (outcome.kind !== ending.kind) return [`the run ${ending.kind}, the program ${outcome.kind}`];
  if (outcome.kind === 'completed' && ending.kind === 'completed') {
    if (terminal?.type !== 'ProcessCompleted') return [`the run completed, its journal ends with ${terminal?.type}`];
    return isDeepStrictEqual(outcome.result.seen, ending.result) ? [] : ['the result is not what the program gives'];
  }
  const problems: string[] = [];
  if (terminal?.type !== 'ProcessFailed') problems.push(`the run failed, its journal ends with ${terminal?.type}`);
  const expected = outcome.kind === 'failed' ? described(outcome.error) : undefined;
  const actual = ending.kind === 'failed' ? described((ending.error as { cause?: unknown }).cause) : undefined;
  if (!isDeepStrictEqual(actual, expected)) problems.push('the run failed for another reason than the program');
  const toUndo = facts.toUndo();
  if (!isDeepStrictEqual(facts.undone, toUndo)) {
    problems.push(`undone was ${facts.undone.join(' ')}, to be undone was ${toUndo.join(' ')}`);
  }
  return problems;
}
