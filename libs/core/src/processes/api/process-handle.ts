import type { CancelOptions, ProcessProgress } from './process.types.js';

/** A started process, typed with its result. */
export interface ProcessHandle<R = unknown> {
  /** `{ProcessName}:{id}`. */
  readonly id: string;
  /** False when `start` attached to a run that existed. */
  readonly started: boolean;
  /**
   * The result, once the terminal event is durable.
   *
   * @throws {ProcessFailedError} with what the code threw as `cause`
   * @throws {ProcessCancelledError}
   * @throws {ProcessParkedError} when the run waits for a decision
   */
  result(): Promise<R>;
  status(): Promise<ProcessProgress>;
  /** @throws {ProcessConflictError} when the run is final */
  cancel(options?: CancelOptions): Promise<void>;
}

/** The result type of a process class. */
export type ProcessResult<P> = P extends { execute(...args: never[]): Promise<infer R> } ? R : unknown;
/** The command type of a process class. */
export type ProcessCommand<P> = P extends { execute(command: infer C, ...rest: never[]): unknown } ? C : never;
