import type { Mediator } from '../../mediator/index.js';
import type { Request, ResultOf, SendOptions } from '../../messages/index.js';
import { ProcessContext } from '../api/process-context.js';
import type { CallScope } from './compiled-process.js';
import type { Run } from './run.js';

/**
 * Who one attempt of a step, or of its compensation, is to the outside: its idempotency key, its signal, and the
 * mediator that carries both. Made when the body first asks for it.
 *
 * Invariant: the key is the same for every attempt, in every life of the run and on every node.
 */
export class CallIdentity extends ProcessContext implements CallScope {
  private controller: AbortController | undefined;
  private sends = 0;

  constructor(
    private readonly run: Run,
    /** Key of the step in its run, with a suffix for its compensation. */
    private readonly key: string,
  ) {
    super();
  }

  get context(): ProcessContext {
    return this;
  }

  get mediator(): Mediator {
    return this.boundMediator(this.run.env.mediator);
  }

  override get stepKey(): string {
    return `${this.run.runId}/${this.key}`;
  }

  override get signal(): AbortSignal {
    return (this.controller ??= new AbortController()).signal;
  }

  override send<M extends Request>(request: M): Promise<ResultOf<M>> {
    return this.mediator.send(request) as Promise<ResultOf<M>>;
  }

  boundMediator(original: Mediator): Mediator {
    return original.bind(() => this.sendOptions());
  }

  abort(reason: unknown): void {
    this.controller?.abort(reason);
  }

  private sendOptions(): SendOptions {
    this.sends++;
    const { run } = this;
    return {
      // The second command of one step is another intent than the first.
      idempotencyKey: this.sends === 1 ? this.stepKey : `${this.stepKey}/${this.sends}`,
      correlationId: run.identity.correlationId,
      causationId: run.runId,
      signal: this.signal,
      tenant: run.identity.tenant,
    };
  }
}
