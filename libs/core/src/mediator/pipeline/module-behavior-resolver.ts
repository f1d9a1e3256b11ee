import { Scope } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { HandlerContext, Type } from '../../messages/index.js';
import { RequestScopes, ScopedProviders } from '../handlers/scoped-providers.js';
import { InvalidBehaviorError } from '../mediator.errors.js';
import type { BehaviorResolver } from './behavior-resolver.js';
import {
  behaviorType,
  isBehaviorFactory,
  type BehaviorFactory,
  type BehaviorRef,
  type Next,
  type PipelineBehavior,
} from './pipeline-behavior.js';

/** What the resolvers of all modules of one application share. */
export class SharedBehaviors {
  readonly scopes = new RequestScopes();
  /** Behaviours that no module provides; created once each. */
  readonly created = new Map<Type, Promise<PipelineBehavior>>();
  /** Behaviours built by factories; one for each factory, so that state such as a breaker's is shared. */
  readonly built = new Map<BehaviorFactory, PipelineBehavior>();
}

/** Finds behaviours with the eyes of one module: its providers, those of the application, or a new instance. */
export class ModuleBehaviorResolver implements BehaviorResolver {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly shared: SharedBehaviors,
  ) {}

  resolve(ref: BehaviorRef, where: string): PipelineBehavior | Promise<PipelineBehavior> {
    const type = behaviorType(ref);
    try {
      if (typeof ref !== 'function') return assertBehavior(isBehaviorFactory(ref) ? this.build(ref) : ref);
      assertBehavior(ref.prototype as PipelineBehavior);
      return this.inject(ref, where);
    } catch (error) {
      throw explained(type, where, error);
    }
  }

  private build(factory: BehaviorFactory): PipelineBehavior {
    const known = this.shared.built.get(factory);
    if (known !== undefined) return known;
    const dependencies = factory.inject.map((token) => this.moduleRef.get(token as never, { strict: false }));
    const behavior = factory.create(...(dependencies as never[]));
    this.shared.built.set(factory, behavior);
    return behavior;
  }

  private inject(type: Type<PipelineBehavior>, where: string): PipelineBehavior | Promise<PipelineBehavior> {
    const scope = this.scopeOf(type);
    if (scope === Scope.DEFAULT) return this.moduleRef.get<PipelineBehavior>(type as never, { strict: false });
    if (scope !== undefined) return new ScopedBehavior(type, new ScopedProviders(this.moduleRef, this.shared.scopes));
    return this.create(type).catch((error: unknown) => {
      throw explained(type, where, error);
    });
  }

  private create(type: Type<PipelineBehavior>): Promise<PipelineBehavior> {
    const known = this.shared.created.get(type);
    if (known !== undefined) return known;
    const created = this.moduleRef.create<PipelineBehavior>(type as never);
    this.shared.created.set(type, created);
    return created;
  }

  /** Undefined when no module provides the class. */
  private scopeOf(type: Type): Scope | undefined {
    try {
      return this.moduleRef.introspect(type as never).scope;
    } catch {
      return undefined;
    }
  }
}

/** Stands in for a request-scoped or transient behaviour and resolves it for every message. */
class ScopedBehavior implements PipelineBehavior {
  constructor(
    private readonly type: Type<PipelineBehavior>,
    private readonly providers: ScopedProviders,
  ) {}

  async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    const behavior = await this.providers.resolve(this.type, context, false);
    return behavior.handle(message, next, context);
  }
}

function assertBehavior(behavior: PipelineBehavior): PipelineBehavior {
  if (typeof behavior?.handle !== 'function') {
    throw new TypeError('it has no method handle(message, next, context).');
  }
  return behavior;
}

function explained(type: Type, where: string, error: unknown): InvalidBehaviorError {
  if (error instanceof InvalidBehaviorError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const hint = ' Add it to the providers of the module that has its dependencies.';
  return new InvalidBehaviorError(type.name, where, error instanceof TypeError ? text : text + hint, { cause: error });
}
