import { Injectable } from '@nestjs/common';
import { messageSchema, type HandlerContext } from '../../../messages/index.js';
import type { DispatchTarget, Next, PipelineBehavior } from '../../pipeline/pipeline-behavior.js';
import { classValidatorCheck } from './class-validator.check.js';
import type { MessageCheck } from './message-check.js';
import { standardSchemaCheck } from './standard-schema.check.js';

/**
 * Checks messages before they reach their handler: by the `static schema` of their class (any Standard Schema: zod,
 * valibot, arktype, …), then by class-validator's decorators. Messages that carry neither pay nothing. It is there unless
 * `mediator.validation` is false; list it among the behaviours to choose its place.
 *
 * @throws {MessageInvalidError} with the path of everything that is wrong
 */
@Injectable()
export class ValidationBehavior implements PipelineBehavior {
  async prepare(target: DispatchTarget): Promise<PipelineBehavior | undefined> {
    const schema = messageSchema(target.messageType);
    const checks = [
      schema && standardSchemaCheck(schema, target.messageName),
      await classValidatorCheck(target.messageType, target.messageName),
    ].filter((check) => check !== undefined);
    return checks.length === 0 ? undefined : new CheckingBehavior(checks);
  }

  /** Never called: targets get a behaviour of their own, or none. */
  handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return next(message, context);
  }
}

class CheckingBehavior implements PipelineBehavior {
  constructor(private readonly checks: readonly MessageCheck[]) {}

  async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    let checked = message;
    for (const check of this.checks) checked = await check(checked);
    return next(checked, context);
  }
}
