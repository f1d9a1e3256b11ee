import { CatgaError } from '../../foundation/index.js';
import type { ProcessStatus } from './process.types.js';

/** No run has this id. HTTP 404. */
export class ProcessNotFoundError extends CatgaError {
  readonly code = 'CATGA_PROCESS_NOT_FOUND';
  readonly kind = 'request';
  constructor(id: string) {
    super(
      `There is no process "${id}". Ids look like "OrderProcess:42"; finished runs are removed after their retention.`,
      {
        details: { id },
      },
    );
  }
}

/** No process class has this name, or it is not provided by any module. HTTP 404. */
export class ProcessUnknownError extends CatgaError {
  readonly code = 'CATGA_PROCESS_UNKNOWN';
  readonly kind = 'request';
  constructor(name: string, known: readonly string[]) {
    super(
      `No process is called "${name}". ${known.length ? `Known: ${known.join(', ')}.` : 'None is registered.'} Decorate the class with @CatgaProcess(Command) and add it to the providers of a module.`,
      { details: { name, known } },
    );
  }
}

/** The run has no such step. HTTP 404. */
export class ProcessStepNotFoundError extends CatgaError {
  readonly code = 'CATGA_PROCESS_STEP_NOT_FOUND';
  readonly kind = 'request';
  constructor(id: string, step: string, known: readonly string[]) {
    super(
      `Process "${id}" has no step "${step}". ${known.length ? `Its steps: ${known.join(', ')}.` : 'It has none yet.'}`,
      {
        details: { id, step, known },
      },
    );
  }
}

/** The run is not in a status that allows the operation; somebody has decided already. HTTP 409. */
export class ProcessConflictError extends CatgaError {
  readonly code = 'CATGA_PROCESS_CONFLICT';
  readonly kind = 'request';
  constructor(id: string, operation: string, status: ProcessStatus, hint: string) {
    super(`Cannot ${operation} process "${id}": it is ${status}. ${hint}`, { details: { id, operation, status } });
  }
}

/** `onExisting: 'reject'` and the id exists. HTTP 409. */
export class ProcessAlreadyExistsError extends CatgaError {
  readonly code = 'CATGA_PROCESS_ALREADY_EXISTS';
  readonly kind = 'request';
  constructor(id: string, status: ProcessStatus) {
    super(
      `Process "${id}" exists and is ${status}. Use onExisting: 'attach' to get its result, or 'newRun' to start again once it is final.`,
      {
        details: { id, status },
      },
    );
  }
}

/** The run ended as failed; `cause` is what its code threw. */
export class ProcessFailedError extends CatgaError {
  readonly code = 'CATGA_PROCESS_FAILED';
  readonly kind = 'business';
  constructor(
    readonly processId: string,
    cause: unknown,
  ) {
    super(
      `Process "${processId}" failed: ${cause instanceof Error ? cause.message : String((cause as { message?: unknown } | null)?.message ?? cause)}`,
      {
        cause,
        details: { processId },
      },
    );
  }
}

/** The run was cancelled; thrown into the code that waits for its result. */
export class ProcessCancelledError extends CatgaError {
  readonly code = 'CATGA_PROCESS_CANCELLED';
  readonly kind = 'business';
  constructor(
    readonly processId: string,
    readonly reason?: string,
  ) {
    super(`Process "${processId}" was cancelled${reason ? `: ${reason}` : ''}.`, { details: { processId, reason } });
  }
}

/** The run waits for somebody's decision, so it has no result yet. */
export class ProcessParkedError extends CatgaError {
  readonly code = 'CATGA_PROCESS_PARKED';
  readonly kind = 'internal';
  constructor(
    readonly processId: string,
    readonly status: ProcessStatus,
    explanation: string,
  ) {
    super(`Process "${processId}" is parked as ${status}. ${explanation}`, { details: { processId, status } });
  }
}

/** One attempt of a step took longer than its limit. Its outcome is unknown: the effect may have happened. */
export class ProcessStepTimeoutError extends CatgaError {
  readonly code = 'CATGA_PROCESS_STEP_TIMEOUT';
  readonly kind = 'infrastructure';
  constructor(
    readonly step: string,
    /** The limit, in milliseconds. */
    readonly ms: number,
  ) {
    super(
      `Step "${step}" did not finish within ${ms} ms. Its effect may have happened; give it more time with @Timeout or processes.steps.${step}.timeout.`,
      {
        details: { step, ms },
      },
    );
  }
}

/** A step was started and never finished, and its `onUnknown: 'fail'` turns that into a failure. */
export class ProcessStepOutcomeUnknownError extends CatgaError {
  readonly code = 'CATGA_PROCESS_STEP_OUTCOME_UNKNOWN';
  readonly kind = 'infrastructure';
  constructor(readonly step: string) {
    super(
      `Step "${step}" was started, then its node died: whether it happened is unknown. Its compensation is called with outcome 'unknown'.`,
      {
        details: { step },
      },
    );
  }
}

/** A step could not be called as the process is written, e.g. no `@Condition` matched. Not retried. */
export class ProcessStepError extends CatgaError {
  readonly code = 'CATGA_PROCESS_STEP';
  readonly kind = 'business';
  constructor(
    readonly step: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`Step "${step}": ${message}`, { ...options, details: { step } });
  }
}

/** A result or input of a step cannot be kept. The step is not called again: its effect has happened. */
export class ProcessValueError extends CatgaError {
  readonly code = 'CATGA_PROCESS_VALUE';
  readonly kind = 'business';
  constructor(
    readonly step: string,
    what: 'input' | 'result',
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The ${what} of step "${step}" cannot be kept in the journal: ${reason}. Return plain data, or register the class with the codec.`,
      {
        ...options,
        details: { step, what },
      },
    );
  }
}

/** The recorded history does not fit today's code; the run is parked as `diverged`. */
export class ProcessDivergedError extends CatgaError {
  readonly code = 'CATGA_PROCESS_DIVERGED';
  readonly kind = 'internal';
  constructor(
    readonly processId: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(
      `Process "${processId}" no longer fits its history: recorded was ${expected}, but the code now does ${actual}. Bring the code back, use \`formerly\` for a renamed step or \`patched(id)\` for a change, then retry the process.`,
      { details: { processId, expected, actual } },
    );
  }
}

/** A class decorated with `@CatgaProcess` that cannot run as it is written; found at boot. */
export class ProcessDefinitionError extends CatgaError {
  readonly code = 'CATGA_PROCESS_DEFINITION';
  readonly kind = 'configuration';
  constructor(
    readonly process: string,
    problems: readonly string[],
  ) {
    super(`Process ${process} cannot run as it is written:\n${problems.map((p) => `  - ${p}`).join('\n')}`, {
      details: { process, problems },
    });
  }
}
