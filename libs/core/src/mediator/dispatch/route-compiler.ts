import { allOf, chain, type MaybePromise } from '../../foundation/index.js';
import { messageName } from '../../messages/index.js';
import type { HandlerEntry } from '../handlers/handler-registry.js';
import type { BehaviorResolver } from '../pipeline/behavior-resolver.js';
import type { BehaviorRef, DispatchTarget, PipelineBehavior } from '../pipeline/pipeline-behavior.js';
import { compilePipeline } from '../pipeline/pipeline-compiler.js';
import { planPipeline, type GlobalBehaviors } from '../pipeline/pipeline-plan.js';
import type { AmbientContext } from './ambient-context.js';
import type { Route } from './route.js';

/** Makes a {@link Route} of a registered handler. */
export class RouteCompiler {
  constructor(
    private readonly globals: GlobalBehaviors,
    private readonly resolver: BehaviorResolver,
    private readonly ambient: AmbientContext,
  ) {}

  /** @throws {InvalidBehaviorError} a behaviour of the handler cannot be made */
  compile(entry: HandlerEntry): MaybePromise<Route> {
    const target = targetOf(entry);
    const refs = planPipeline(this.globals, target);
    if (refs.length === 0) return this.route(entry, target, []);
    return chain(this.behaviors(entry, target, refs), (all) => this.route(entry, target, all));
  }

  private behaviors(
    entry: HandlerEntry,
    target: DispatchTarget,
    refs: readonly BehaviorRef[],
  ): MaybePromise<readonly PipelineBehavior[]> {
    const resolver = entry.resolver ?? this.resolver;
    const where = `${target.messageName} (${target.handlerName})`;
    const prepared = allOf(refs.map((ref) => chain(resolver.resolve(ref, where), (one) => prepare(one, target))));
    return chain(prepared, (all) => all.filter((behavior) => behavior !== undefined));
  }

  private route(entry: HandlerEntry, target: DispatchTarget, behaviors: readonly PipelineBehavior[]): Route {
    const { messageName: name, handlerName } = target;
    const invoke = compilePipeline(target, behaviors, entry.invoke);
    if (this.ambient.isActive) {
      const { ambient } = this;
      return {
        messageName: name,
        handlerName,
        direct: undefined,
        invoke: (message, context) => ambient.run(context, () => invoke(message, context)),
      };
    }
    return { messageName: name, handlerName, direct: behaviors.length === 0 ? entry.direct : undefined, invoke };
  }
}

function targetOf(entry: HandlerEntry): DispatchTarget {
  return {
    kind: entry.kind,
    messageType: entry.messageType,
    messageName: messageName(entry.messageType),
    handlerName: entry.name,
    handlerType: entry.handlerType,
  };
}

function prepare(behavior: PipelineBehavior, target: DispatchTarget): MaybePromise<PipelineBehavior | undefined> {
  return behavior.prepare === undefined ? behavior : behavior.prepare(target);
}
