import { Mediator } from '../../mediator/index.js';
import type { StepBlueprint, ProcessBlueprint } from '../definition/blueprint.js';
import type { DerivedRecord } from '../../store/index.js';
import { ProcessContext, SCOPE } from '../api/process-context.js';
import { ProcessStepError } from '../api/process.errors.js';
import type { CompiledAlternative, CompiledStep, Method } from './compiled-step.js';
import { derivedLine } from './derived-line.js';
import { JournalRoom } from './journal-room.js';
import { RunOrigin } from './run-started.js';
import { sharedEntry, stepEntry, type EnteredRun } from './step-entry.js';
import { bitOf } from './step-keys.js';
import { StepSlot } from './step-slot.js';

/** How a run's object finds its run. */
const RUN = Symbol('catga.process.run');
/** How a step's object finds its call. */
const CALL = Symbol('catga.process.call');
/** Key of a step in a fast lane, beside its run: enough to make its call from. */
const KEY = Symbol('catga.process.key');

/** What the view of `execute` needs of its run. */
export interface RunScope extends EnteredRun {
  readonly context: ProcessContext;
}

/** What the view of a step in a fast lane needs of its run. */
export interface LaneScope {
  readonly view: object | undefined;
  /** Who the step is to the outside: made when its body first asks. */
  identify(key: string): CallScope;
}

/** What the view of a step needs of its call. */
export interface CallScope {
  readonly context: ProcessContext;
  /** Carries the step's key, causation and signal. */
  readonly mediator: Mediator;
  boundMediator(original: Mediator): Mediator;
  /** Asks the body to stop. */
  abort(reason: unknown): void;
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
  /** What the ids of its runs begin with. Joined, not added: V8 would keep the two halves, and look at both for each id. */
  readonly idPrefix: string;
  /** Former step name → today's. */
  readonly renames = new Map<string, string>();
  /** Its start, its end, and two events for each step, at least. */
  readonly room: JournalRoom;
  /** How a store in memory works out the lines of its runs. */
  readonly line: DerivedRecord;
  private origin: RunOrigin | undefined;
  private readonly RunView: new (run: RunScope) => object;
  private readonly StepView: new (call: CallScope | undefined, run: LaneScope | undefined, key: string) => object;

  constructor(
    readonly blueprint: ProcessBlueprint,
    private readonly instance: object,
  ) {
    this.idPrefix = [blueprint.name, ':'].join('');
    this.line = derivedLine(this.idPrefix);
    blueprint.steps.forEach((step, index) => {
      this.steps.set(step.name, this.compileStep(step, index));
      for (const old of step.formerly) this.renames.set(old, step.name);
    });
    this.room = new JournalRoom(2 + 2 * this.steps.size);
    this.StepView = this.makeStepView();
    this.RunView = this.makeRunView();
  }

  /** What runs have in common that this node starts. */
  originAt(owner: string): RunOrigin {
    if (this.origin?.owner !== owner) this.origin = new RunOrigin(this.blueprint, owner, this.idPrefix);
    return this.origin;
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
    return this.withFields(new this.StepView(call, undefined, ''), runView);
  }

  /** The `this` of a step in a fast lane; its call is made when the body asks for it, which most never do. */
  laneView(run: LaneScope, key: string): object {
    return this.withFields(new this.StepView(undefined, run, key), run.view);
  }

  /** Own fields that `execute` has set; symbols, our own, are not copied. */
  private withFields(view: object, runView: object | undefined): object {
    if (runView && this.blueprint.writesFields) for (const key of Object.keys(runView)) copyField(runView, view, key);
    return view;
  }

  /** The alternative of a step whose condition holds. */
  choose(step: CompiledStep, view: object, args: unknown[]): CompiledAlternative {
    if (step.only !== undefined) return step.only;
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
    const only = { method: policy.name, run: work, condition: undefined, compensation: undefined, arity: 0 };
    // Under the name of a method, its calls are counted with those of the method.
    const known = this.steps.get(policy.name) ?? { ...policy, index: -1, bit: 0, slots: [] };
    return { ...known, alternatives: [only], only };
  }

  private compileStep(step: StepBlueprint, index: number): CompiledStep {
    const method = (name: string): Method => (this.instance as Record<string, Method>)[name] as Method;
    const alternatives = step.alternatives.map((a) => ({
      method: a.method,
      run: method(a.method),
      condition: a.condition === undefined ? undefined : method(a.condition),
      compensation: a.compensation === undefined ? undefined : method(a.compensation),
      arity: method(a.method).length,
    }));
    const [first] = alternatives;
    const only = alternatives.length === 1 && first?.condition === undefined ? first : undefined;
    return { ...step, index, bit: bitOf(index), alternatives, only, slots: [new StepSlot(`${step.name}:1`)] };
  }

  private makeRunView(): new (run: RunScope) => object {
    const View = function (this: { [RUN]: RunScope }, run: RunScope) {
      this[RUN] = run;
    } as unknown as new (run: RunScope) => object;
    const prototype = Object.create(this.instance) as object;
    const entryOf = this.blueprint.writesFields ? sharedEntry : stepEntry;
    for (const step of this.steps.values()) {
      const entry = entryOf({ step, run: RUN, StepView: this.StepView });
      for (const { method } of step.alternatives) define(prototype, method, entry);
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

  private makeStepView(): CompiledProcess['StepView'] {
    const View = function (this: StepThis, call: CallScope | undefined, run: LaneScope | undefined, key: string) {
      this[CALL] = call;
      this[RUN] = run;
      this[KEY] = key;
    } as unknown as CompiledProcess['StepView'];
    const prototype = Object.create(this.instance) as object;
    defineGetter(prototype, SCOPE, function (this: StepThis) {
      return callOf(this).context;
    });
    for (const field of this.fieldsOf(ProcessContext)) {
      defineGetter(prototype, field, function (this: StepThis) {
        return callOf(this).context;
      });
    }
    for (const field of this.fieldsOf(Mediator)) {
      const original = (this.instance as Record<string, Mediator>)[field] as Mediator;
      defineGetter(prototype, field, function (this: StepThis) {
        return callOf(this).boundMediator(original);
      });
    }
    View.prototype = prototype;
    return View;
  }

  private fieldsOf(type: abstract new (...args: never[]) => object): string[] {
    return Object.keys(this.instance).filter((key) => (this.instance as Record<string, unknown>)[key] instanceof type);
  }
}

/** What the view of a step carries beside the user's fields. */
interface StepThis {
  [CALL]: CallScope | undefined;
  [RUN]: LaneScope | undefined;
  [KEY]: string;
}

/** The call behind the view of a step. */
export function callOf(view: object): CallScope {
  const step = view as StepThis;
  return (step[CALL] ??= (step[RUN] as LaneScope).identify(step[KEY]));
}

/** The call behind the view of a step, when its body has asked for it. */
export function scopeOf(view: object): CallScope | undefined {
  return (view as StepThis)[CALL];
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
