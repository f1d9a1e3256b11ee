import { Inject } from '@nestjs/common';
import type { Request, ResultOf } from '../../messages/index.js';
import { Mediator } from '../../mediator/index.js';
import { ProcessContext, SCOPE, type InlineStepOptions } from './process-context.js';

/**
 * Optional base of process classes: everything of {@link ProcessContext} as methods.
 *
 * @example
 * ```ts
 * @CatgaProcess(ImportFile)
 * class ImportProcess extends CatgaProcessBase<ImportFile, number> {
 *   async execute(command: ImportFile) {
 *     const lines = await this.step('read', () => readLines(command.path));
 *     return lines.length;
 *   }
 * }
 * ```
 */
export abstract class CatgaProcessBase<TCommand extends object, TResult> {
  /** In a step it carries the step's idempotency key and its signal. */
  @Inject(Mediator)
  mediator!: Mediator;

  abstract execute(command: TCommand): Promise<TResult>;

  /** See {@link ProcessContext.step}. */
  protected step<T>(name: string, work: () => Promise<T> | T, options?: InlineStepOptions): Promise<T> {
    return contextOf(this).step(name, work, options);
  }
  /** See {@link ProcessContext.stepAll}. */
  protected stepAll<T>(steps: readonly { readonly name: string; readonly work: () => Promise<T> | T }[]): Promise<T[]> {
    return contextOf(this).stepAll(steps);
  }
  /** See {@link ProcessContext.send}. */
  protected send<M extends Request>(request: M): Promise<ResultOf<M>> {
    return contextOf(this).send(request);
  }
  /** See {@link ProcessContext.now}. */
  protected now(): number {
    return contextOf(this).now();
  }
  /** See {@link ProcessContext.random}. */
  protected random(): number {
    return contextOf(this).random();
  }
  /** See {@link ProcessContext.uuid}. */
  protected uuid(): string {
    return contextOf(this).uuid();
  }
  /** See {@link ProcessContext.patched}. */
  protected patched(id: string): boolean {
    return contextOf(this).patched(id);
  }
  /** See {@link ProcessContext.stepKey}. */
  protected get stepKey(): string {
    return contextOf(this).stepKey;
  }
  /** See {@link ProcessContext.signal}. */
  protected get signal(): AbortSignal {
    return contextOf(this).signal;
  }
  /** See {@link ProcessContext.continueAsNew}. */
  protected continueAsNew(command: TCommand): never {
    return contextOf(this).continueAsNew(command);
  }
}

Object.defineProperty(CatgaProcessBase.prototype, Symbol.for('catga.process-base'), { value: true });

/** The run's context where there is a run, else the plain one. */
function contextOf(process: { mediator?: Mediator; [SCOPE]?: ProcessContext }): ProcessContext {
  return process[SCOPE] ?? new PlainContext(process.mediator);
}

/** Outside of a run, sending goes straight to the mediator. */
class PlainContext extends ProcessContext {
  constructor(private readonly mediator: Mediator | undefined) {
    super();
  }
  override send<M extends Request>(request: M): Promise<ResultOf<M>> {
    return this.mediator ? (this.mediator.send(request) as Promise<ResultOf<M>>) : super.send(request);
  }
}
