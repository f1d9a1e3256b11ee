import type { TestGlobals } from '../store/conformance/suite.js';

/** What a suite has to know about locks, limits, … under test. */
export interface CoordinationConformanceOptions<T> {
  /** Name of the suite in the test report. */
  readonly name: string;
  /**
   * That many nodes which share one new, empty place, opened. Called once in every test. What cannot be shared between
   * nodes gives the same object several times.
   */
  readonly nodes: (count: number) => readonly T[] | Promise<readonly T[]>;
  /** Cleans up after a test. */
  readonly destroy?: () => void | Promise<void>;
  /** The test runner. Default: its globals. */
  readonly runner?: TestGlobals;
}

/** What each part of a suite works with. */
export interface CoordinationSuite<T> {
  readonly it: TestGlobals['it'];
  /** One node of a new place. */
  readonly one: () => Promise<T>;
  /** Two nodes of a new place. */
  readonly two: () => Promise<readonly [T, T]>;
}

/** Runs the parts of a suite. */
export function describeParts<T>(
  contract: string,
  options: CoordinationConformanceOptions<T>,
  parts: Readonly<Record<string, (suite: CoordinationSuite<T>) => void>>,
): void {
  const { describe, it, afterEach } = options.runner ?? (globalThis as unknown as TestGlobals);
  const one = async (): Promise<T> => (await options.nodes(1))[0] as T;
  const two = async (): Promise<readonly [T, T]> => (await options.nodes(2)) as readonly [T, T];
  describe(`${options.name} keeps the contract of ${contract}`, () => {
    afterEach(() => options.destroy?.());
    for (const [name, part] of Object.entries(parts)) describe(name, () => part({ it, one, two }));
  });
}

/** Milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits for something that must come; without a limit of its own, that is the test runner's. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10);
}
