import { Mediator } from '../../../src/mediator/index.js';
import { ProcessContext } from '../../../src/processes/api/process-context.js';
import type { ProcessBlueprint, StepBlueprint } from '../../../src/processes/definition/blueprint.js';
import { ProcessRuntime } from '../../../src/processes/process-runtime.js';
import { JsonCodec, type Store } from '../../../src/store/index.js';
import { interpret } from './interpret.js';
import {
  ALTERNATIVES,
  COMPENSATED,
  CONDITIONAL,
  KEYED,
  ON_UNKNOWN_ASK,
  ON_UNKNOWN_FAIL,
  SLOW,
  STEPS,
  type Program,
} from './program.js';
import { attemptsOf, type World } from './world.js';

/** Starts a program. */
export class Simulate {
  constructor(readonly seed: number) {}
}

type Callable = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** A process whose `execute` is any program; its methods are those of `STEPS`. */
class SimProcess {
  /** In a run, the run's own. */
  readonly context = new ProcessContext();

  constructor(
    readonly world: World,
    readonly program: Program,
  ) {}

  async execute(_command: Simulate): Promise<unknown> {
    const { context } = this;
    return (
      await interpret(this.program.root, undefined, {
        call: (name, args) => (this as unknown as Callable)[name]!(...args),
        now: () => context.now(),
        random: () => context.random(),
        uuid: () => context.uuid(),
        patched: (id) => context.patched(id),
      })
    ).seen;
  }

  oddOrNothing(id: number): boolean {
    return id !== 1;
  }
}

function method(name: string, body: (this: SimProcess, ...args: unknown[]) => unknown): void {
  Object.defineProperty(SimProcess.prototype, name, { value: body, writable: true, configurable: true });
}

for (const name of STEPS) {
  method(name, function (...args) {
    return this.world.act(name, args, this.context);
  });
  method(`${name}Other`, function (...args) {
    return this.world.act(name, args, this.context);
  });
  method(`undo${name}`, function (...args) {
    return this.world.undo(args, this.context);
  });
}

class SilentMediator extends Mediator {
  override send(): Promise<never> {
    return Promise.reject(new Error('the simulation sends nothing'));
  }
  override publish(): Promise<void> {
    return Promise.resolve();
  }
}

export interface SimSettings {
  /** Milliseconds; 0: every wait between attempts leaves memory. */
  readonly suspendAfter: number;
}

/** A node that can execute the program. */
export function makeNode(store: Store, program: Program, world: World, settings: SimSettings): ProcessRuntime {
  const runtime = new ProcessRuntime({
    store,
    mediator: new SilentMediator(),
    codec: new JsonCodec(),
    settings: {
      lease: 15_000,
      limits: {
        historyWarning: 5_000,
        historyLimit: 10_000,
        maxPayload: 2_000_000,
        warnPayload: 1_000_000,
        // Crashing at every write makes many claims without progress; the rule is tested elsewhere.
        maxClaims: 1_000_000,
        suspendAfter: settings.suspendAfter,
      },
      defaults: { timeout: 30_000, retry: { attempts: 3, backoff: 1, maxBackoff: 1 } },
      retention: {},
    },
  });
  runtime.register(blueprint(program), new SimProcess(world, program));
  return runtime;
}

function blueprint(program: Program): ProcessBlueprint {
  return {
    name: 'Sim',
    target: SimProcess as never,
    command: Simulate,
    version: '1',
    flow: [],
    sequential: program.flavour === 'sequential',
    writesFields: false,
    idOf: (command) => String((command as Simulate).seed),
    onExisting: 'attach',
    // Now and then all of them, so that some stand beyond the 31st place; otherwise making nodes would cost most.
    steps: STEPS.filter((name) => program.seed % 8 === 0 || program.steps.has(name)).map(step),
  };
}

function step(name: string): StepBlueprint {
  const compensation = COMPENSATED.has(name) ? { compensation: `undo${name}` } : {};
  const condition = CONDITIONAL.has(name) || ALTERNATIVES.has(name) ? { condition: 'oddOrNothing' } : {};
  const other = ALTERNATIVES.has(name) ? [{ method: `${name}Other`, ...compensation }] : [];
  return {
    name,
    alternatives: [{ method: name, ...compensation, ...condition }, ...other],
    timeout: SLOW.has(name) ? 10 : 30_000,
    retry: { attempts: attemptsOf(name), backoff: 1, maxBackoff: 1 },
    onUnknown: ON_UNKNOWN_ASK.has(name) ? 'ask' : ON_UNKNOWN_FAIL.has(name) ? 'fail' : 'retry',
    formerly: [],
    compensate: 'in-doubt',
    ...(KEYED.has(name) ? { key: ((id: number) => id) as never } : {}),
  };
}
