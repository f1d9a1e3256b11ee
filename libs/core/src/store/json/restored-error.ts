import { CatgaError, type ErrorKind } from '../../foundation/index.js';

const NATIVE: Readonly<Record<string, new (message?: string) => Error>> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
};

/** An error of Catga whose class the codec does not know: still a CatgaError with the same name, code and details. */
class RestoredCatgaError extends CatgaError {
  declare code: string;
  declare kind: ErrorKind;
}

/** What is stored of an error. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack?: unknown;
  readonly cause?: unknown;
  /** Of an AggregateError. */
  readonly errors?: unknown;
  /** True for errors of Catga. */
  readonly catga?: boolean;
  /** Nearest parent class that the codec knows: a subclass of it comes back as one of these. */
  readonly base?: string;
  /** Own enumerable fields: `code`, `status`, … */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** True also for errors of another realm, as Node's own are inside Jest. */
export function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** The parts of an error that are worth keeping. */
export function errorData(error: Error): ErrorData {
  const { cause, stack } = error;
  const { errors } = error as AggregateError;
  const hidden = ['name', 'message', 'stack', 'cause'];
  const fields = Object.fromEntries(Object.entries(error).filter(([key]) => !hidden.includes(key)));
  return {
    name: nameOf(error),
    message: error.message,
    ...(typeof stack === 'string' ? { stack } : undefined),
    ...(Object.hasOwn(error, 'cause') ? { cause } : undefined),
    ...(error instanceof AggregateError ? { errors } : undefined),
    ...(error instanceof CatgaError ? { catga: true } : undefined),
    ...(Object.keys(fields).length > 0 ? { fields } : undefined),
  };
}

/** An error of that class, or of the nearest that is known, without calling a constructor of the user's. */
export function restoreError(data: ErrorData, prototype?: object): Error {
  const error = makeError(data);
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  else if (data.catga === true) Object.setPrototypeOf(error, RestoredCatgaError.prototype);
  if (error.name !== data.name) hide(error, 'name', data.name);
  hide(error, 'stack', data.stack);
  if ('cause' in data) hide(error, 'cause', data.cause);
  for (const [key, value] of Object.entries(data.fields ?? {})) {
    Object.defineProperty(error, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return error;
}

function makeError({ name, message, errors }: ErrorData): Error {
  if (Array.isArray(errors)) return new AggregateError(errors, message);
  const Native = Object.hasOwn(NATIVE, name) ? NATIVE[name] : undefined;
  return new (Native ?? Error)(message);
}

/** As native errors have them: there, but not listed. */
function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, enumerable: false, writable: true, configurable: true });
}

/** A class that did not set its `name` would come back as a nameless "Error". */
function nameOf(error: Error): string {
  const { name, constructor } = error;
  return name === 'Error' && typeof constructor === 'function' && constructor.name !== ''
    ? constructor.name
    : String(name);
}
