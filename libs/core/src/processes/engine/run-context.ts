import { createHash } from 'node:crypto';
import type { Request, ResultOf } from '../../messages/index.js';
import { ContinueAsNew, ProcessContext, type InlineStepOptions } from '../api/process-context.js';
import type { StepBlueprint } from '../definition/blueprint.js';
import { callOf } from './compiled-process.js';
import type { Run } from './run.js';

/** The context that `execute` sees. */
export class RunContext extends ProcessContext {
  private drawn = 0;

  constructor(private readonly run: Run) {
    super();
  }

  override step<T>(name: string, work: () => Promise<T> | T, options: InlineStepOptions = {}): Promise<T> {
    const step = this.run.process.dynamicStep(this.policy(name, options), work);
    return this.run.callStep(step, []) as Promise<T>;
  }

  override send<M extends Request>(request: M): Promise<ResultOf<M>> {
    const { run } = this;
    const step = run.process.dynamicStep(this.policy(request.constructor.name, {}), function (
      this: unknown,
      message: unknown,
    ) {
      return callOf(this as object).mediator.send(message as Request);
    } as () => unknown);
    return run.callStep(step, [request]) as Promise<ResultOf<M>>;
  }

  override now(): number {
    return this.run.flowTime;
  }

  override random(): number {
    return this.digest().readUIntBE(0, 6) / 2 ** 48;
  }

  override uuid(): string {
    const bytes = this.digest().subarray(0, 16);
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  override patched(id: string): boolean {
    return this.run.patched(id);
  }

  override get stepKey(): string {
    return this.run.runId;
  }

  override get signal(): AbortSignal {
    return this.run.signal;
  }

  override continueAsNew(command: object): never {
    throw new ContinueAsNew(command);
  }

  /** Random without a journal entry: drawn from what identifies the run, so a replay draws the same. */
  private digest(): Buffer {
    const { run } = this;
    return createHash('sha256').update(`${run.runId}\n${run.startedAt}\n${++this.drawn}`).digest();
  }

  /** What the call says, outranked by configuration. */
  private policy(name: string, options: InlineStepOptions): StepBlueprint {
    const { blueprint } = this.run.process;
    if (blueprint.policyOf) return blueprint.policyOf(name, options);
    return {
      name,
      alternatives: [],
      ...this.run.env.defaults,
      onUnknown: 'retry',
      formerly: [],
      compensate: 'in-doubt',
    };
  }
}
