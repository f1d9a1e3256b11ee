import { CatgaError } from './catga-error.js';

/** Milliseconds, or a text with a unit: `'250ms'`, `'30s'`, `'15m'`, `'2h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration that is neither a number of milliseconds nor a text with a known unit. */
export class InvalidDurationError extends CatgaError {
  readonly code = 'CATGA_INVALID_DURATION';
  readonly kind = 'configuration';
  constructor(value: unknown, where: string) {
    super(
      `${where}: ${JSON.stringify(value)} is not a duration. Write milliseconds as a number of 0 or more, or a text such as '250ms', '30s', '15m', '2h' or '7d'.`,
      { details: { value, where } },
    );
  }
}

/**
 * Milliseconds of a {@link Duration}.
 *
 * @param where names the option, for the error message.
 * @throws {InvalidDurationError}
 */
export function toMilliseconds(value: Duration, where = 'duration'): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  if (typeof value === 'string') {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value);
    const unit = match && UNITS[match[2] as string];
    if (match && unit !== undefined && unit !== null) return Number(match[1]) * unit;
  }
  throw new InvalidDurationError(value, where);
}
