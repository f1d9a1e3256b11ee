import type { Type } from '../../messages/index.js';
import type { ProcessDefinition } from './process-definition.types.js';
import type { ProcessCommand, ProcessHandle, ProcessResult } from './process-handle.js';
import type {
  CancelOptions,
  CompensationDecision,
  OperatorOptions,
  ProcessDetails,
  ProcessEventView,
  ProcessFilter,
  ProcessPage,
  ProcessProgress,
  StartOptions,
} from './process.types.js';

/**
 * Starts processes and operates them. Injectable.
 *
 * @example
 * ```ts
 * const handle = await processes.start(OrderProcess, new CreateOrder('42', items));
 * return handle.result();
 * ```
 */
export abstract class Processes {
  /**
   * Starts a process; resolves when its start is durable, long before it ends.
   *
   * @param process the class, or its name when only that is known (then `command` is a plain object).
   * @throws {ProcessUnknownError} {@link ProcessAlreadyExistsError}
   */
  abstract start<P>(
    process: Type<P>,
    command: ProcessCommand<P>,
    options?: StartOptions,
  ): Promise<ProcessHandle<ProcessResult<P>>>;
  abstract start(process: string, command: object, options?: StartOptions): Promise<ProcessHandle>;

  /** A handle of an existing run. @throws {ProcessNotFoundError} */
  abstract handle<R = unknown>(id: string): Promise<ProcessHandle<R>>;

  /** @throws {ProcessNotFoundError} */
  abstract get(id: string): Promise<ProcessDetails>;

  /** @throws {ProcessNotFoundError} */
  abstract status(id: string): Promise<ProcessProgress>;

  /** Newest first. */
  abstract list(filter?: ProcessFilter): Promise<ProcessPage>;

  /** The processes of this application, by name. */
  abstract definitions(): readonly ProcessDefinition[];

  /** The command class that starts a process, for validation of a body. @throws {ProcessUnknownError} */
  abstract commandOf(name: string): Type<object>;

  /** The journal. @throws {ProcessNotFoundError} */
  abstract events(id: string, options?: { after?: number; limit?: number }): Promise<readonly ProcessEventView[]>;

  /** The journal from `after` on, then every new event until the run is final or the signal is aborted. */
  abstract watch(id: string, options?: { after?: number; signal?: AbortSignal }): AsyncIterable<ProcessEventView>;

  /** @throws {ProcessNotFoundError} {@link ProcessConflictError} when the run is final or being cancelled */
  abstract cancel(id: string, options?: CancelOptions): Promise<void>;

  /** Continues a parked run from where it stopped. @throws {ProcessConflictError} when it is not parked */
  abstract retry(id: string, options?: OperatorOptions): Promise<void>;

  /**
   * Decides about a compensation that gave up: try it again, leave it undone, or note that it was done by hand.
   *
   * @param step name or key of the step
   * @throws {ProcessStepNotFoundError} {@link ProcessConflictError}
   */
  abstract decideCompensation(
    id: string,
    step: string,
    decision: CompensationDecision,
    options?: OperatorOptions,
  ): Promise<void>;
}
