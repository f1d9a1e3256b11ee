import { Logger } from '@nestjs/common';
import type { IdempotencyClaim, IdempotencyState, IdempotencyStore } from '../../../idempotency/index.js';
import type { HandlerContext } from '../../../messages/index.js';
import type { DispatchTarget, Next, PipelineBehavior } from '../../pipeline/pipeline-behavior.js';
import {
  IdempotencyInProgressError,
  IdempotencyKeyReusedError,
  IdempotentAnswerLostError,
} from './idempotency.errors.js';
import type { IdempotencySettings } from './idempotency.options.js';
import type { IdempotentAnswers } from './idempotent-answers.js';

/** One intent on its way. */
interface Intent {
  /** Key of its record. */
  readonly id: string;
  /** As the sender gave it. */
  readonly key: string;
  readonly fingerprint: string | undefined;
}

/** `IdempotencyBehavior` for one message type and handler. */
export class IdempotentHandling implements PipelineBehavior {
  private readonly logger = new Logger('Mediator');
  /** What this node handles now: repetitions on the same node share the promise, without asking the store. */
  private readonly running = new Map<string, { readonly intent: Intent; readonly answer: Promise<unknown> }>();
  private readonly scope: string;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly answers: IdempotentAnswers,
    private readonly settings: IdempotencySettings,
    private readonly target: DispatchTarget,
  ) {
    // Several handlers of one event each have their own answer.
    this.scope = target.kind === 'event' ? `${target.messageName}>${target.handlerName}` : target.messageName;
  }

  handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    const { idempotencyKey: key, tenant } = context;
    if (key === undefined) return next(message, context);
    const id = `${this.scope}|${tenant === undefined ? '' : encodeURIComponent(tenant)}|${key}`;
    const intent: Intent = { id, key, fingerprint: this.answers.fingerprint(message) };
    const other = this.running.get(id);
    if (other !== undefined) return this.join(intent, other);
    const answer = this.resolve(intent, () => next(message, context)).finally(() => this.running.delete(id));
    this.running.set(id, { intent, answer });
    return answer;
  }

  /** A repetition on the node that handles the first one. */
  private async join(intent: Intent, other: { intent: Intent; answer: Promise<unknown> }): Promise<unknown> {
    this.assertSame(intent, other.intent.fingerprint);
    if (!this.settings.waits) throw this.inProgress(intent);
    return this.withinWait(intent, other.answer);
  }

  /** The kept answer, or that of the handler, whoever may run it. */
  private async resolve(intent: Intent, run: () => Promise<unknown>): Promise<unknown> {
    const deadline = performance.now() + this.settings.waitFor;
    for (;;) {
      const known = await this.store.read(intent.id);
      if (known !== undefined) this.assertSame(intent, known.fingerprint);
      if (known !== undefined && known.status !== 'running') return this.answerOf(intent, known);
      const claim =
        known === undefined ? await this.store.claim(intent.id, intent.fingerprint, this.settings.lease) : undefined;
      if (claim !== undefined) return this.run(intent, claim, run);
      const left = deadline - performance.now();
      if (!this.settings.waits || left <= 0) throw this.inProgress(intent);
      await this.store.settled(intent.id, left);
    }
  }

  private async run(intent: Intent, claim: IdempotencyClaim, run: () => Promise<unknown>): Promise<unknown> {
    const renewal = this.keepClaim(claim);
    let answer: unknown;
    try {
      answer = await run();
    } catch (error) {
      await renewal.stop();
      await this.release(claim);
      throw error;
    }
    await renewal.stop();
    if (!(await this.store.complete(claim, this.answers.outcomeOf(answer), this.settings.keepFor))) {
      this.logger.warn(
        `${this.target.messageName} with the idempotency key "${intent.key}" was handled, but its claim was lost meanwhile: another node may have handled it too. Give it a longer lease.`,
      );
    }
    return answer;
  }

  /** A failed handler must be seen as itself, not as a store that could not forget its claim: that expires anyway. */
  private async release(claim: IdempotencyClaim): Promise<void> {
    try {
      await this.store.release(claim);
    } catch (error) {
      this.logger.warn(
        `The claim of ${claim.id} could not be given back and stays until its lease is over: ${String(error)}`,
      );
    }
  }

  /** Renews the claim at a third of its lease, one renewal at a time, until it is stopped. */
  private keepClaim(claim: IdempotencyClaim): { stop(): Promise<void> } {
    let renewing: Promise<unknown> = Promise.resolve();
    const renew = () => {
      renewing = renewing
        .then(() => this.store.renew(claim, this.settings.lease))
        .catch((error: unknown) => this.logger.warn(`The claim of ${claim.id} was not renewed: ${String(error)}`));
    };
    const timer = setInterval(renew, Math.max(1, this.settings.lease / 3));
    return {
      stop: async () => {
        clearInterval(timer);
        await renewing;
      },
    };
  }

  private answerOf(intent: Intent, known: Exclude<IdempotencyState, { status: 'running' }>): unknown {
    if (known.status === 'done') return this.answers.answerOf(known);
    throw new IdempotentAnswerLostError(this.target.messageName, intent.key, known.reason);
  }

  private assertSame(intent: Intent, fingerprint: string | undefined): void {
    if (intent.fingerprint === undefined || fingerprint === undefined || intent.fingerprint === fingerprint) return;
    throw new IdempotencyKeyReusedError(this.target.messageName, intent.key);
  }

  private inProgress(intent: Intent): IdempotencyInProgressError {
    return new IdempotencyInProgressError(this.target.messageName, intent.key);
  }

  private async withinWait(intent: Intent, answer: Promise<unknown>): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.inProgress(intent)), this.settings.waitFor);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
