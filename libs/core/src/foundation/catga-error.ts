/** What went wrong in general terms; the engine and the HTTP layer decide by it, never by message texts. */
export type ErrorKind =
  /** The application is put together wrongly; found at boot. */
  | 'configuration'
  /** The caller asked for something that cannot be: unknown id, invalid body, decided already. */
  | 'request'
  /** Store, transport or another dependency is away; trying again later may help. */
  | 'infrastructure'
  /** The business said no; trying again gives the same answer. */
  | 'business'
  /** Catga or a user's program broke a rule that should always hold. */
  | 'internal';

/** Options of {@link CatgaError}. */
export interface CatgaErrorOptions extends ErrorOptions {
  /** The things involved, by name, for logs and problem+json. Values must be plain. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Base of every error that Catga throws. `code` is stable across versions (`CATGA_…`), the message says what
 * happened, to what, and what to do next.
 *
 * @example
 * ```ts
 * try { await mediator.send(new CreateOrder('42')); }
 * catch (error) { if (error instanceof CatgaError && error.code === 'CATGA_HANDLER_NOT_FOUND') … }
 * ```
 */
export abstract class CatgaError extends Error {
  /** Stable identifier of the kind of error, e.g. `CATGA_HANDLER_NOT_FOUND`. */
  abstract readonly code: string;
  /** What went wrong in general terms. */
  abstract readonly kind: ErrorKind;
  /** The things involved, by name. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, options: CatgaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.details = options.details ?? {};
  }
}

/** True for errors of Catga with that code, also when two copies of the package are loaded. */
export function isCatgaError(error: unknown, code?: string): error is CatgaError {
  if (typeof error !== 'object' || error === null) return false;
  const own = (error as { code?: unknown }).code;
  return typeof own === 'string' && own.startsWith('CATGA_') && (code === undefined || own === code);
}
