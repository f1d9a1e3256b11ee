import { ContextIdFactory, type ContextId, type ModuleRef } from '@nestjs/core';
import type { HandlerContext, Type } from '../../messages/index.js';
import { MessageScope } from '../dispatch/message-scope.js';

/** Which part of Nest's container each message works in, for one application. */
export class RequestScopes {
  private readonly ids = new WeakMap<object, ContextId>();

  /** The id for a message; messages sent with the same `request` share theirs. Registers `REQUEST` for it. */
  idOf(context: HandlerContext, moduleRef: ModuleRef): ContextId {
    const request = requestOf(context);
    const known = this.ids.get(request);
    if (known !== undefined) return known;
    // Nest's router leaves the id on HTTP requests: handlers then share instances with the controller.
    const id = ContextIdFactory.getByRequest(request as Record<string, unknown>);
    this.ids.set(request, id);
    moduleRef.registerRequestByContextId(request, id);
    return id;
  }
}

/** Resolves request-scoped and transient providers of one module for the message being handled. */
export class ScopedProviders {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly scopes: RequestScopes,
  ) {}

  /**
   * An instance for this message.
   *
   * @param strict look only in the module itself
   */
  resolve<T>(token: Type<T>, context: HandlerContext, strict: boolean): Promise<T> {
    return this.moduleRef.resolve(token as never, this.scopes.idOf(context, this.moduleRef), { strict });
  }
}

function requestOf(context: HandlerContext): object {
  return context instanceof MessageScope ? (context.request ?? context.root) : context;
}
