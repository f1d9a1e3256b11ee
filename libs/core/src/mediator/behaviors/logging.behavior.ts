import { Injectable, Logger } from '@nestjs/common';
import { isCatgaError, toMilliseconds, DomainError, type Duration } from '../../foundation/index.js';
import type { HandlerContext } from '../../messages/index.js';
import type { BehaviorFactory, DispatchTarget, Next, PipelineBehavior } from '../pipeline/pipeline-behavior.js';

/** Options of {@link LoggingBehavior.with}. */
export interface LoggingOptions {
  /** Handlers that take longer are logged as warnings. Default 1 s. */
  readonly slowerThan?: Duration | undefined;
}

/**
 * Logs every handled message with its duration and ids: `debug` when all is well, `warn` when it was slow or refused
 * (a business error or a bad request), `error` otherwise. The message itself is not logged: it may hold secrets.
 */
@Injectable()
export class LoggingBehavior implements PipelineBehavior {
  private readonly logger = new Logger('Mediator');
  private slowerThan = 1_000;
  private label = 'A message';

  /** With options: `LoggingBehavior.with({ slowerThan: '200ms' })`. */
  static with(options: LoggingOptions): BehaviorFactory {
    return { behavior: LoggingBehavior, inject: [], create: () => new LoggingBehavior().configured(options) };
  }

  prepare(target: DispatchTarget): PipelineBehavior {
    const prepared = new LoggingBehavior().configured({ slowerThan: this.slowerThan });
    prepared.label = `${target.messageName} (${target.handlerName})`;
    return prepared;
  }

  async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    const begun = performance.now();
    try {
      const result = await next(message, context);
      this.succeeded(performance.now() - begun, context);
      return result;
    } catch (error) {
      this.failed(error, performance.now() - begun, context);
      throw error;
    }
  }

  private succeeded(ms: number, context: HandlerContext): void {
    const text = `${this.label} took ${ms.toFixed(1)} ms`;
    if (ms > this.slowerThan) this.logger.warn(`${text}, longer than ${this.slowerThan} ms`, fields(context));
    else this.logger.debug(text, fields(context));
  }

  private failed(error: unknown, ms: number, context: HandlerContext): void {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const text = `${this.label} failed after ${ms.toFixed(1)} ms: ${reason}`;
    if (isRefusal(error)) this.logger.warn(text, fields(context));
    else this.logger.error(text, fields(context));
  }

  private configured({ slowerThan }: LoggingOptions): this {
    if (slowerThan !== undefined) this.slowerThan = toMilliseconds(slowerThan, 'LoggingBehavior.slowerThan');
    return this;
  }
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof DomainError || (isCatgaError(error) && (error.kind === 'business' || error.kind === 'request'))
  );
}

function fields({ messageId, correlationId, causationId, tenant }: HandlerContext): object {
  return { messageId, correlationId, ...(causationId && { causationId }), ...(tenant && { tenant }) };
}
