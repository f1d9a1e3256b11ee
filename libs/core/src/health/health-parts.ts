/** What of Catga can be asked about its health. `sagaStore` is another name of `processStore`. */
export type HealthPart =
  'transport' | 'eventStore' | 'processStore' | 'sagaStore' | 'messageQueue' | 'projections' | 'application';

/** How one part is, as Terminus writes it. */
export interface PartHealth {
  readonly status: 'up' | 'degraded' | 'down';
  /** What is wrong. */
  readonly message?: string;
  /** Stable code of the error. */
  readonly code?: string;
  readonly [detail: string]: unknown;
}

/** A part that cannot be used, from whatever was thrown. */
export function downBecause(error: unknown): PartHealth {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  return {
    status: 'down',
    message: typeof message === 'string' ? message : String(error),
    ...(typeof code === 'string' ? { code } : {}),
  };
}

/** The worst of several. */
export function worst(parts: readonly PartHealth[]): PartHealth['status'] {
  if (parts.some(({ status }) => status === 'down')) return 'down';
  return parts.some(({ status }) => status === 'degraded') ? 'degraded' : 'up';
}
