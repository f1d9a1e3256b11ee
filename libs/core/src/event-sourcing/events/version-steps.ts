import { DuplicateUpcasterError } from './events.errors.js';
import type { EventData } from './payload-transform.js';

/** What an upcaster or downcaster is told beside the fields. */
export interface VersionStepContext {
  /** Wire name it was stored under. */
  readonly type: string;
  /** Version that the fields have now. */
  readonly from: number;
  /** The stream of the event; undefined when it is downcast on its way in. */
  readonly stream?: string | undefined;
  /** When it happened, milliseconds since 1970; undefined when it is downcast on its way in. */
  readonly at?: number | undefined;
}

/** Turns the fields of one version into those of the next. Pure and quick: it runs on every read. */
export type Upcaster = (data: never, context: VersionStepContext) => object;

/** Turns the fields of one version into those of the version before. */
export type Downcaster = (data: never, context: VersionStepContext) => object;

/** Where an upcaster leads when it is not the next version of the same name. */
export interface UpcastTarget {
  /** New wire name: the event was renamed. */
  readonly to?: string | undefined;
  /** Version there. Default: one more than before; 1 under a new name. */
  readonly toVersion?: number | undefined;
}

/** One step from a version of an event to another. */
export interface VersionStep {
  readonly type: string;
  readonly from: number;
  readonly to: string;
  readonly toVersion: number;
  /** Where it is written, for messages: `OrderUpcasters.addCurrency`. */
  readonly where: string;
  readonly run: (data: EventData, context: VersionStepContext) => object;
}

/** The steps of one direction, by name and version. */
export class VersionSteps {
  private readonly steps = new Map<string, Map<number, VersionStep>>();

  constructor(private readonly what: 'upcaster' | 'downcaster') {}

  /** @throws {DuplicateUpcasterError} */
  add(step: VersionStep): void {
    let ofType = this.steps.get(step.type);
    if (ofType === undefined) this.steps.set(step.type, (ofType = new Map()));
    const other = ofType.get(step.from);
    if (other !== undefined) {
      throw new DuplicateUpcasterError(this.what, step.type, step.from, other.where, step.where);
    }
    ofType.set(step.from, step);
  }

  get(type: string, from: number): VersionStep | undefined {
    return this.steps.get(type)?.get(from);
  }

  /** Every name that has a step. */
  types(): Iterable<string> {
    return this.steps.keys();
  }

  /** The names that lead to this one by being renamed, directly or by way of others. */
  formerNames(type: string): string[] {
    const found = new Set<string>();
    const look = (name: string): void => {
      for (const [former, steps] of this.steps) {
        if (former === name || found.has(former)) continue;
        if ([...steps.values()].some((step) => step.to === name)) {
          found.add(former);
          look(former);
        }
      }
    };
    look(type);
    return [...found];
  }
}
