import { randomUUID } from 'node:crypto';
import type { Request, ResultOf } from '../../messages/index.js';
import type { Duration, RetryOptions } from '../../foundation/index.js';

/** Where the run or the step that an object belongs to is found. */
export const SCOPE = Symbol('catga.process.scope');

/** Policy of a step that is not a method. */
export interface InlineStepOptions {
  readonly timeout?: Duration;
  readonly retry?: number | RetryOptions;
}

/**
 * What a process may ask of its run. Extend `CatgaProcessBase`, or inject this class: in a run, the field that holds it
 * is the run's own. Outside of a run (`new OrderProcess(fakeMediator)` in a unit test) everything does the plain thing:
 * a step just runs, `now` is the clock, `patched` is true.
 */
export class ProcessContext {
  /**
   * Runs `work` as a step of this name: recorded, retried, and never run again once it is recorded.
   *
   * @example `const rate = await this.step('rate', () => fetchRate('EUR'));`
   */
  step<T>(_name: string, work: () => Promise<T> | T, _options?: InlineStepOptions): Promise<T> {
    return (async () => work())();
  }

  /** Several steps at once; waits for all of them, in the order given. */
  stepAll<T>(steps: readonly { readonly name: string; readonly work: () => Promise<T> | T }[]): Promise<T[]> {
    return Promise.all(steps.map(({ name, work }) => this.step(name, work)));
  }

  /** Sends a command or query as a step named after its class. */
  send<M extends Request>(request: M): Promise<ResultOf<M>> {
    throw new TypeError(
      `${request.constructor.name} cannot be sent: this process has no mediator. In a unit test, give it one: process.mediator = fake.`,
    );
  }

  /** Milliseconds since 1970 at the last thing that happened to this run: the same when it is replayed. */
  now(): number {
    return Date.now();
  }

  /** 0 ≤ x < 1; the same numbers when the run is replayed. Not for secrets. */
  random(): number {
    return Math.random();
  }

  /** A UUID; the same ones when the run is replayed. */
  uuid(): string {
    return randomUUID();
  }

  /**
   * Gates a change of code: true for runs that come here for the first time, false for runs that were past this place
   * before the change.
   */
  patched(_id: string): boolean {
    return true;
  }

  /** In a step: the same for every attempt of it, also after a crash. Give it to whatever can recognise a repetition. */
  get stepKey(): string {
    return 'outside-of-a-run';
  }

  /** Aborted when the attempt has timed out, the run was cancelled, or this node no longer owns it. */
  get signal(): AbortSignal {
    return neverAborted;
  }

  /** Ends this run and starts the next one of the same id with a fresh journal. Never returns. */
  continueAsNew(command: object): never {
    throw new ContinueAsNew(command);
  }
}

/** How `continueAsNew` leaves the flow. */
export class ContinueAsNew extends Error {
  constructor(readonly command: object) {
    super('The process continues as a new run. This is not an error: let it pass, do not catch it.');
  }
}

const neverAborted = new AbortController().signal;
