import { Injectable } from '@nestjs/common';
import { CatgaError } from '../../foundation/index.js';
import type { HandlerContext, Type } from '../../messages/index.js';
import type { BehaviorFactory, DispatchTarget, Next, PipelineBehavior } from '../pipeline/pipeline-behavior.js';

/**
 * Decides who may send what. Implement it, provide it under this class, and put {@link AuthorizationBehavior} into the
 * behaviours.
 *
 * @example
 * ```ts
 * @Injectable()
 * class TenantAuthorizer extends MessageAuthorizer {
 *   authorize(message: object, context: HandlerContext) { return context.tenant !== undefined; }
 * }
 * // providers: [{ provide: MessageAuthorizer, useClass: TenantAuthorizer }]
 * ```
 */
export abstract class MessageAuthorizer {
  /** True lets the message through. May throw an error of its own instead of answering false. */
  abstract authorize(message: object, context: HandlerContext, target: DispatchTarget): boolean | Promise<boolean>;
}

/** The authorizer said no. */
export class NotAuthorizedError extends CatgaError {
  readonly code = 'CATGA_NOT_AUTHORIZED';
  readonly kind = 'request';
  constructor(message: string, authorizer: string) {
    super(
      `${message} is not allowed here: ${authorizer} said no. Ask for the permission, or send it as somebody who has it.`,
      {
        details: { message, authorizer },
      },
    );
  }
}

/** Lets a message reach its handler only when a {@link MessageAuthorizer} agrees. */
@Injectable()
export class AuthorizationBehavior implements PipelineBehavior {
  constructor(private readonly authorizer: MessageAuthorizer) {}

  /** With an authorizer of its own, which has to be a provider: `AuthorizationBehavior.with(AdminsOnly)`. */
  static with(authorizer: Type<MessageAuthorizer>): BehaviorFactory {
    return {
      behavior: AuthorizationBehavior,
      inject: [authorizer],
      create: (instance: MessageAuthorizer) => new AuthorizationBehavior(instance),
    };
  }

  prepare(target: DispatchTarget): PipelineBehavior {
    const { authorizer } = this;
    return {
      async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
        if (!(await authorizer.authorize(message, context, target))) {
          throw new NotAuthorizedError(target.messageName, authorizer.constructor.name);
        }
        return next(message, context);
      },
    };
  }

  /** Never called: every target gets a behaviour of its own. */
  handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return next(message, context);
  }
}
