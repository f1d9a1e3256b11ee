import { AsyncLocalStorage } from 'node:async_hooks';
import type { HandlerContext } from '../../messages/index.js';

/**
 * The context of the message being handled, found without passing it on. Empty unless the application says
 * `mediator: { context: 'ambient' }`: one active AsyncLocalStorage makes every `await` of the process three times slower
 * on Node 20 (1.1 times on Node 24).
 *
 * @example
 * ```ts
 * constructor(private readonly ambient: AmbientContext) {}
 * log(text: string) { this.logger.log(text, { correlationId: this.ambient.current?.correlationId }); }
 * ```
 */
export class AmbientContext {
  private readonly storage: AsyncLocalStorage<HandlerContext> | undefined;

  constructor(mode: 'explicit' | 'ambient') {
    if (mode === 'ambient') this.storage = new AsyncLocalStorage();
  }

  /** True with `context: 'ambient'`. */
  get isActive(): boolean {
    return this.storage !== undefined;
  }

  /** The context of the message being handled; undefined outside of handlers and in explicit mode. */
  get current(): HandlerContext | undefined {
    return this.storage?.getStore();
  }

  /** Runs `work` with `context` as the current one; in explicit mode just runs it. */
  run<T>(context: HandlerContext, work: () => T): T {
    return this.storage === undefined ? work() : this.storage.run(context, work);
  }
}
