import { Mediator } from '../../mediator/index.js';
import type { StepBlueprint, ProcessBlueprint } from '../definition/blueprint.js';
import { ProcessContext, SCOPE } from '../api/process-context.js';
import { ProcessStepError } from '../api/process.errors.js';

/** How a run's object finds its run. */
export const RUN = Symbol('catga.process.run');
/** How a step's object finds its call. */
export const CALL = Symbol('catga.process.call');

/** A method of the user's class. */
type Method = (this: object, ...args: unknown[]) => unknown;

/** What the view of `execute` needs of its run. */
export interface RunScope {
  callStep(step: CompiledStep, args: unknown[]): Promise<unknown>;
  readonly context: ProcessContext;
}

/** What the view of a step needs of its call. */
export interface CallScope {
  readonly context: ProcessContext;
  /** Carries the step's key, causation and signal. */
  readonly mediator: Mediator;
  boundMediator(original: Mediator): Mediator;
}

/** One way to do a step, and to undo it. */
export interface CompiledAlternative {
  readonly method: string;
  readonly run: Method;
  readonly condition: Method | undefined;
  readonly compensation: Method | undefined;
  /** Parameters the method declares: where the result goes among the arguments of the compensation. */
  readonly arity: number;
}

/** A step as the engine calls it. */
export interface CompiledStep extends Omit<StepBlueprint, 'alternatives'> {
  readonly index: number;
  /** Key of its first occurrence, made once. */
  readonly firstKey: string;
  readonly alternatives: readonly CompiledAlternative[];
}

/**
 * A process class made ready to run.
 *
 * A run is an object whose prototype holds the wrappers of the steps, whose prototype is the DI singleton: calls on
 * `this` in `execute` are steps, fields set there belong to the run, and the singleton stays as the user wrote it.
 * The body of a step gets another `this`, without wrappers, on which the mediator carries the step's identity.
 */
export class CompiledProcess {
  readonly steps = new Map<string, CompiledStep>();
  /** Former step name → today's. */
  readonly renames = new Map<string, string>();
  private readonly RunView: new (run: RunScope) => object;
  private readonly StepView: new (call: CallScope) => object;

  constructor(
    readonly blueprint: ProcessBlueprint,
    private readonly instance: object,
  ) {
    blueprint.steps.forEach((step, index) => {
      this.steps.set(step.name, this.compileStep(step, index));
      for (const old of step.formerly) this.renames.set(old, step.name);
    });
    this.RunView = this.makeRunView();
    this.StepView = this.makeStepView();
  }

  /** Calls `execute` of a fresh run. */
  execute(run: RunScope, command: unknown): Promise<unknown> {
    return (new this.RunView(run) as { execute(command: unknown): Promise<unknown> }).execute(command);
  }

  /** Makes the object on which `execute` of a run is called, for a run whose steps have to see its fields. */
  createRunView(run: RunScope): object {
    return new this.RunView(run);
  }

  /** The `this` of a step, a condition or a compensation. */
  stepView(call: CallScope, runView: object | undefined): object {
    const view = new this.StepView(call);
    // Own fields that `execute` has set; symbols, our own, are not copied.
    if (runView && this.blueprint.writesFields) for (const key of Object.keys(runView)) copyField(runView, view, key);
    return view;
  }

  /** The alternative of a step whose condition holds. */
  choose(step: CompiledStep, view: object, args: unknown[]): CompiledAlternative {
    if (step.alternatives.length === 1 && step.alternatives[0]?.condition === undefined)
      return step.alternatives[0] as CompiledAlternative;
    const found = step.alternatives.find((a) => a.condition === undefined || a.condition.apply(view, args) === true);
    if (found) return found;
    const conditions = step.alternatives.map((a) => a.method).join(', ');
    throw new ProcessStepError(
      step.name,
      `no @Condition matched among ${conditions}. Add one without a condition as the default.`,
    );
  }

  /** A step that has no method: `this.step(name, work)` or `this.send(command)`. */
  dynamicStep(policy: StepBlueprint, work: () => unknown): CompiledStep {
    const known = this.steps.get(policy.name);
    const base = known ?? { ...policy, index: -1, firstKey: `${policy.name}:1` };
    return {
      ...base,
      index: -1,
      alternatives: [{ method: policy.name, run: work, condition: undefined, compensation: undefined, arity: 0 }],
    };
  }

  private compileStep(step: StepBlueprint, index: number): CompiledStep {
    const method = (name: string): Method => (this.instance as Record<string, Method>)[name] as Method;
    return {
      ...step,
      index,
      firstKey: `${step.name}:1`,
      alternatives: step.alternatives.map((a) => ({
        method: a.method,
        run: method(a.method),
        condition: a.condition === undefined ? undefined : method(a.condition),
        compensation: a.compensation === undefined ? undefined : method(a.compensation),
        arity: method(a.method).length,
      })),
    };
  }

  private makeRunView(): new (run: RunScope) => object {
    const View = function (this: { [RUN]: RunScope }, run: RunScope) {
      this[RUN] = run;
    } as unknown as new (run: RunScope) => object;
    const prototype = Object.create(this.instance) as object;
    for (const step of this.steps.values()) {
      for (const { method } of step.alternatives) {
        define(prototype, method, function (this: { [RUN]: RunScope }, ...args: unknown[]) {
          return this[RUN].callStep(step, args);
        });
      }
    }
    defineGetter(prototype, SCOPE, function (this: { [RUN]: RunScope }) {
      return this[RUN].context;
    });
    for (const field of this.fieldsOf(ProcessContext)) {
      defineGetter(prototype, field, function (this: { [RUN]: RunScope }) {
        return this[RUN].context;
      });
    }
    View.prototype = prototype;
    return View;
  }

  private makeStepView(): new (call: CallScope) => object {
    const View = function (this: { [CALL]: CallScope }, call: CallScope) {
      this[CALL] = call;
    } as unknown as new (call: CallScope) => object;
    const prototype = Object.create(this.instance) as object;
    defineGetter(prototype, SCOPE, function (this: { [CALL]: CallScope }) {
      return this[CALL].context;
    });
    for (const field of this.fieldsOf(ProcessContext)) {
      defineGetter(prototype, field, function (this: { [CALL]: CallScope }) {
        return this[CALL].context;
      });
    }
    for (const field of this.fieldsOf(Mediator)) {
      const original = (this.instance as Record<string, Mediator>)[field] as Mediator;
      defineGetter(prototype, field, function (this: { [CALL]: CallScope }) {
        return this[CALL].boundMediator(original);
      });
    }
    View.prototype = prototype;
    return View;
  }

  private fieldsOf(type: abstract new (...args: never[]) => object): string[] {
    return Object.keys(this.instance).filter((key) => (this.instance as Record<string, unknown>)[key] instanceof type);
  }
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true });
}

function defineGetter(target: object, name: string | symbol, get: () => unknown): void {
  // The setter keeps plain assignments working: the field then belongs to the run or the step.
  Object.defineProperty(target, name, {
    get,
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
    },
    configurable: true,
  });
}

function copyField(from: object, to: object, key: string): void {
  (to as Record<string, unknown>)[key] = (from as Record<string, unknown>)[key];
}
