import { inspect, isDeepStrictEqual } from 'node:util';

/** What an error must be: its class, its code (`CATGA_…` or your own), or a pattern of its message. */
// eslint-disable-next-line typescript/no-explicit-any -- error classes with any constructor
export type ExpectedError = (abstract new (...args: any[]) => Error) | string | RegExp;

/** What came of the command of a scenario. */
export interface ScenarioResult<State> {
  readonly events: readonly object[];
  readonly state: State;
  /** Undefined when the command went through. */
  readonly failure: { readonly error: unknown } | undefined;
}

/** A promise for commands that wait, nothing otherwise: `then` of a command that does not wait fails at once. */
export type Checked<R> = R extends PromiseLike<unknown> ? Promise<void> : void;

/** Thrown when a scenario does not come out as expected. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

/** Compares what came of the command with what was expected. `R` is what the command function returned. */
export class ScenarioOutcome<State, R> {
  constructor(
    private readonly subject: string,
    private readonly result: ScenarioResult<State> | Promise<ScenarioResult<State>>,
  ) {}

  /**
   * Exactly these events, in this order, compared field by field and by class.
   *
   * @throws {ScenarioError}
   */
  // eslint-disable-next-line unicorn/no-thenable -- given, when, then; whoever awaits it is told so
  then(...expected: readonly object[]): Checked<R> {
    if (expected.some((event) => typeof event === 'function')) {
      throw new ScenarioError('Await the result of .then(…), .thenThrows(…) or .thenState(…), not that of .when(…).');
    }
    return this.check(({ events, failure }) => {
      if (failure !== undefined) throw this.unexpected(failure.error);
      const isSame =
        events.length === expected.length && events.every((event, index) => isSameEvent(event, expected[index]));
      if (isSame) return;
      throw new ScenarioError(`${this.subject} raised\n${listOf(events)}\nand not\n${listOf(expected)}`);
    });
  }

  /** The command goes through and raises no event. @throws {ScenarioError} */
  thenNothing(): Checked<R> {
    return this.then(...[]);
  }

  /**
   * The command fails with this error, and no event comes of it.
   *
   * @throws {ScenarioError}
   */
  thenThrows(expected: ExpectedError): Checked<R> {
    return this.check(({ events, failure }) => {
      if (failure === undefined) {
        throw new ScenarioError(`${this.subject} did not fail with ${nameOf(expected)}, but raised\n${listOf(events)}`);
      }
      if (!isExpected(failure.error, expected)) throw this.unexpected(failure.error, nameOf(expected));
      if (events.length > 0) {
        throw new ScenarioError(
          `${this.subject} failed with ${nameOf(expected)} after it had raised\n${listOf(events)}\nCheck every rule before the first event is raised.`,
        );
      }
    });
  }

  /** The command goes through and leaves this state; the function holds your assertions, e.g. of Jest. */
  thenState(assert: (state: State) => void): Checked<R> {
    return this.check(({ state, failure }) => {
      if (failure !== undefined) throw this.unexpected(failure.error);
      assert(state);
    });
  }

  private check(assert: (result: ScenarioResult<State>) => void): Checked<R> {
    const { result } = this;
    return (result instanceof Promise ? result.then(assert) : assert(result)) as Checked<R>;
  }

  private unexpected(error: unknown, instead?: string): ScenarioError {
    const found = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
    const wanted = instead === undefined ? '' : `, and not with ${instead}`;
    return Object.assign(new ScenarioError(`${this.subject} failed with ${found}${wanted}`), { cause: error });
  }
}

function isSameEvent(event: object, expected: object | undefined): boolean {
  return isDeepStrictEqual(event, expected);
}

function isExpected(error: unknown, expected: ExpectedError): boolean {
  if (typeof expected === 'function') return error instanceof expected;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return typeof expected === 'string' ? code === expected : typeof message === 'string' && expected.test(message);
}

function nameOf(expected: ExpectedError): string {
  return typeof expected === 'function' ? expected.name : String(expected);
}

function listOf(events: readonly object[]): string {
  if (events.length === 0) return '  no event';
  return events
    .map((event) => `  ${inspect(event, { depth: 6, breakLength: 110 }).replaceAll('\n', '\n  ')}`)
    .join('\n');
}
