import {
  ProcessAlreadyExistsError,
  ProcessConflictError,
  Processes,
  ProcessNotFoundError,
  ProcessStepNotFoundError,
  ProcessUnknownError,
  TERMINAL,
  type CancelOptions,
  type CompensationDecision,
  type OperatorOptions,
  type ProcessDefinition,
  type ProcessDetails,
  type ProcessEventView,
  type ProcessFilter,
  type ProcessHandle,
  type ProcessPage,
  type ProcessProgress,
  type ProcessStatus,
  type StartOptions,
} from '../../../src/processes/index.js';
import type { Type } from '../../../src/messages/index.js';

/** A run whose every detail the test decides. */
export interface FakeRun {
  status: ProcessStatus;
  input: unknown;
  result?: unknown;
  outcome: Promise<unknown>;
  events: ProcessEventView[];
}

/** Processes without an engine: remembers what was asked for, answers what the test has put in. */
export class FakeProcesses extends Processes {
  readonly runs = new Map<string, FakeRun>();
  readonly commands = new Map<string, Type<object>>();
  readonly calls: unknown[][] = [];
  /** Open watches; a stream that is not closed stays in here. */
  watching = 0;
  failWith: unknown;
  filter: ProcessFilter | undefined;
  private wake = new Set<() => void>();

  put(id: string, run: Partial<FakeRun> = {}): FakeRun {
    const whole: FakeRun = { status: 'running', input: {}, outcome: Promise.resolve(undefined), events: [], ...run };
    this.runs.set(id, whole);
    return whole;
  }

  /** Appends to the journal and wakes the watches. */
  append(id: string, type: string, data: Record<string, unknown> = {}, status?: ProcessStatus): void {
    const run = this.run(id);
    run.events.push({ version: run.events.length + 1, type, at: 1_000, data });
    if (status) run.status = status;
    for (const wake of this.wake) wake();
  }

  override async start(
    process: string | Type<unknown>,
    command: object,
    options: StartOptions = {},
  ): Promise<ProcessHandle<never>> {
    this.calls.push(['start', process, command, options]);
    if (this.failWith) throw this.failWith as Error;
    const key = options.id ?? (command as { orderId?: string }).orderId ?? 'none';
    const id = `${String(process)}:${key}`;
    const existing = this.runs.get(id);
    if (existing && options.onExisting === 'reject') throw new ProcessAlreadyExistsError(id, existing.status);
    const run = existing ?? this.put(id, { input: command });
    return { id, started: !existing, result: () => run.outcome, status: () => this.status(id) } as never;
  }

  override async handle(): Promise<never> {
    throw new Error('not used by the endpoints');
  }

  override async get(id: string): Promise<ProcessDetails> {
    const { status, input, result, events } = this.run(id);
    const step = { key: 'pay:1', name: 'pay', status: 'completed', attempts: 1, startedAt: 1, input, result } as const;
    const error = { name: 'Error', message: 'no', stack: 'Error: no\n    at secret.ts:1' };
    return {
      ...{ id, name: 'OrderProcess', status, run: 1, startedAt: 1, tags: [], error },
      ...{ input, result, steps: [step], events: events.length, explanation: 'It runs.' },
    };
  }

  override async status(id: string): Promise<ProcessProgress> {
    const { status } = this.run(id);
    const none: string[] = [];
    return {
      ...{ id, name: 'OrderProcess', status, currentSteps: none, completedSteps: none, failedSteps: none },
      ...{ compensatedSteps: none, progress: 0.5, explanation: 'It runs.' },
    };
  }

  override async list(filter: ProcessFilter = {}): Promise<ProcessPage> {
    if (this.failWith) throw this.failWith as Error;
    this.filter = filter;
    const processes = await Promise.all([...this.runs.keys()].map((id) => this.get(id)));
    return { processes: processes.map(({ input: _i, result: _r, ...summary }) => summary), cursor: 'next' };
  }

  override definitions(): readonly ProcessDefinition[] {
    return [{ name: 'OrderProcess', command: 'CreateOrder', version: '1', steps: [], flow: [] }];
  }

  override commandOf(name: string): Type<object> {
    const command = this.commands.get(name);
    if (!command) throw new ProcessUnknownError(name, [...this.commands.keys()]);
    return command;
  }

  override async events(
    id: string,
    { after = 0, limit = Infinity }: { after?: number; limit?: number } = {},
  ): Promise<readonly ProcessEventView[]> {
    return this.run(id).events.slice(after, after + limit);
  }

  override async *watch(
    id: string,
    { after = 0, signal }: { after?: number; signal?: AbortSignal } = {},
  ): AsyncIterable<ProcessEventView> {
    const run = this.run(id);
    this.watching++;
    try {
      for (let next = after; ; next++) {
        while (next >= run.events.length) {
          if (TERMINAL.has(run.status) || signal?.aborted) return;
          if (this.failWith) throw this.failWith as Error;
          await new Promise<void>((resolve) => {
            const wake = (): void => {
              this.wake.delete(wake);
              resolve();
            };
            this.wake.add(wake);
            signal?.addEventListener('abort', wake, { once: true });
          });
        }
        yield run.events[next] as ProcessEventView;
      }
    } finally {
      this.watching--;
    }
  }

  /** Makes every open watch fail. */
  break(error: unknown): void {
    this.failWith = error;
    for (const wake of this.wake) wake();
  }

  override async cancel(id: string, options: CancelOptions = {}): Promise<void> {
    this.calls.push(['cancel', id, options]);
    const run = this.run(id);
    if (TERMINAL.has(run.status)) throw new ProcessConflictError(id, 'cancel', run.status, 'It is final.');
    run.status = 'compensating';
  }

  override async retry(id: string, options: OperatorOptions = {}): Promise<void> {
    this.calls.push(['retry', id, options]);
    this.run(id).status = 'running';
  }

  override async decideCompensation(
    id: string,
    step: string,
    decision: CompensationDecision,
    options: OperatorOptions = {},
  ): Promise<void> {
    this.calls.push(['decide', id, step, decision, options]);
    this.run(id);
    if (step.startsWith('no')) throw new ProcessStepNotFoundError(id, step, ['pay']);
  }

  private run(id: string): FakeRun {
    const run = this.runs.get(id);
    if (!run) throw new ProcessNotFoundError(id);
    return run;
  }
}
