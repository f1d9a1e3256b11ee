import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import {
  DomainError,
  fault,
  isCatgaError,
  NonRetriableError,
  type CatgaError,
  type ErrorKind,
  type Fault,
} from '../foundation/index.js';

/** An error as RFC 9457 writes it (`application/problem+json`), with Catga's stable `code`. */
export interface Problem {
  /** `urn:catga:problem:{code}`; identifies the kind of problem, leads nowhere. */
  readonly type: string;
  /** The reason phrase of the status. */
  readonly title: string;
  readonly status: number;
  /** What happened, to what, and what to do next. */
  readonly detail: string;
  /** Path of the request, without its query: that may carry secrets. */
  readonly instance?: string;
  /** Stable name of the error: `CATGA_PROCESS_NOT_FOUND`, `FORBIDDEN`, or the code of a `DomainError`. */
  readonly code: string;
  /** Every fault of a body or query, with its path. */
  readonly errors?: readonly Fault[];
  /** What else the application put into the response of its HttpException. */
  readonly [extension: string]: unknown;
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  CATGA_PROCESS_NOT_FOUND: 404,
  CATGA_PROCESS_UNKNOWN: 404,
  CATGA_PROCESS_STEP_NOT_FOUND: 404,
  CATGA_PROCESS_CONFLICT: 409,
  CATGA_PROCESS_ALREADY_EXISTS: 409,
  CATGA_PROCESS_CANCELLED: 409,
  CATGA_PROCESS_PARKED: 409,
  CATGA_PROJECTION_UNKNOWN: 404,
  CATGA_DEAD_LETTER_NOT_FOUND: 404,
  CATGA_DEAD_LETTER_REPLAY: 409,
  CATGA_PROJECTION_STATE: 409,
  CATGA_AGGREGATE_NOT_FOUND: 404,
  CATGA_VERSION_NOT_REACHED: 404,
  CATGA_AGGREGATE_STALE: 409,
  CATGA_APPEND_CONDITION: 409,
  CATGA_DECIDER_ENDED: 409,
  CATGA_STREAM_CLOSED: 409,
  CATGA_SUBJECT_FORGOTTEN: 409,
  CATGA_VERSION_CONFLICT: 409,
  CATGA_RECORD_CONFLICT: 409,
  CATGA_IDEMPOTENCY_IN_PROGRESS: 409,
  CATGA_OPERATIONS_CLOSED: 403,
  CATGA_NOT_AUTHORIZED: 403,
  CATGA_INVALID_BODY: 422,
  CATGA_PROCESS_ID: 422,
  CATGA_IDEMPOTENCY_KEY_REUSED: 422,
  CATGA_MESSAGE_TIMEOUT: 504,
  CATGA_PROJECTION_WAIT_TIMEOUT: 504,
  CATGA_INVALID_QUERY: 400,
};

const STATUS_BY_KIND: Readonly<Record<ErrorKind, number>> = {
  request: 400,
  business: 422,
  infrastructure: 503,
  configuration: 500,
  internal: 500,
};

const NOTHING_TO_SAY = 'Something went wrong on the server. Its log says what.';

/** The problem that describes an error. Never holds a stack, and the message of an unknown error stays in the log. */
export function toProblem(error: unknown, instance?: string): Problem {
  const problem = describe(error);
  return instance === undefined ? problem : { ...problem, instance };
}

/** True when the server is at fault, so that the error belongs into its log. */
export function isServerFault(problem: Problem): boolean {
  return problem.status >= 500 && problem.status !== 503;
}

function describe(error: unknown): Problem {
  if (isHttpException(error)) return ofHttpException(error);
  if (isCatgaError(error)) return ofCatgaError(error);
  if (isRefusal(error)) return problem(422, codeOf(error) ?? 'REFUSED', error.message);
  const status = exposedStatus(error);
  if (status !== undefined) return problem(status, codeOfStatus(status), (error as Error).message);
  return problem(500, 'INTERNAL_SERVER_ERROR', NOTHING_TO_SAY);
}

function ofCatgaError(error: CatgaError): Problem {
  if (error.code === 'CATGA_PROCESS_FAILED') return ofFailedProcess(error);
  const faults = faultsOf(error);
  const status = STATUS_BY_CODE[error.code] ?? (faults ? 422 : (STATUS_BY_KIND[error.kind] ?? 500));
  const detail = status === 500 ? NOTHING_TO_SAY : error.message;
  return problem(status, error.code, detail, faults ? { errors: faults } : {});
}

/** A run that ended as failed: the caller's fault when its code refused, the server's when something broke. */
function ofFailedProcess(error: CatgaError): Problem {
  const { cause } = error;
  const processId = (error as { processId?: unknown }).processId;
  const refused = isHttpException(cause) ? cause.getStatus() < 500 : isRefusal(cause);
  const status = refused && isHttpException(cause) ? cause.getStatus() : refused ? 422 : 500;
  const reason = refused ? { reason: { code: codeOf(cause) ?? 'REFUSED', message: (cause as Error).message } } : {};
  const detail = refused ? error.message : `Process "${String(processId)}" failed. GET it by its id to see why.`;
  return problem(status, error.code, detail, { processId, ...reason });
}

function ofHttpException(error: HttpException): Problem {
  const status = error.getStatus();
  const response = error.getResponse();
  const body = (typeof response === 'object' ? response : { message: response }) as Record<string, unknown>;
  const { statusCode: _s, error: _e, stack: _t, message = error.message, code, errorCode, ...rest } = body;
  const messages = Array.isArray(message) ? message.map(String) : [String(message)];
  const own = [code, errorCode, error.errorCode].find((candidate) => typeof candidate === 'string');
  const errors = messages.length > 1 ? { errors: messages.map((text) => fault([], text)) } : {};
  return problem(status, own ?? codeOfStatus(status), messages.join('; '), { ...rest, ...errors });
}

function problem(status: number, code: string, detail: string, more: Record<string, unknown> = {}): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  // Extensions first: none may take the place of a member that the standard defines.
  return { ...more, type: `urn:catga:problem:${code}`, title, status, detail, code };
}

/** `NOT_FOUND` for 404. */
function codeOfStatus(status: number): string {
  return (STATUS_CODES[status] ?? `HTTP ${status}`).toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_');
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && code !== '' ? code : undefined;
}

/** By shape as well: a copy of Nest in another node_modules throws its own class. */
function isHttpException(error: unknown): error is HttpException {
  if (error instanceof HttpException) return true;
  const like = error as { getStatus?: unknown; getResponse?: unknown } | null | undefined;
  return typeof like?.getStatus === 'function' && typeof like.getResponse === 'function';
}

/** By name as well: what a run has thrown comes back from its journal, perhaps without its class. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof DomainError || error instanceof NonRetriableError) return true;
  const name = (error as { name?: unknown } | null | undefined)?.name;
  return name === 'DomainError' || name === 'NonRetriableError';
}

/** The status of an error of `http-errors`, e.g. the body parser's, when it says that its message may be shown. */
function exposedStatus(error: unknown): number | undefined {
  const { status, expose } = (error ?? {}) as { status?: unknown; expose?: unknown };
  return expose === true && typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function faultsOf(error: CatgaError): readonly Fault[] | undefined {
  const { faults } = error as { faults?: unknown };
  return Array.isArray(faults) && faults.length > 0 ? (faults as readonly Fault[]) : undefined;
}
