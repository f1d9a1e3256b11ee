import { ProcessCancelledError } from '../api/process.errors.js';
import type { CancelOptions } from '../api/process.types.js';
import type { EventMeta } from '../journal/journal-event.js';
import type { Cause } from './run.js';

/** Why a run ends that somebody has asked to cancel, from what the journal says about the request. */
export function cancellation(id: string, meta: EventMeta): Cause {
  const error = new ProcessCancelledError(id, meta.reason);
  const reason = meta.reason === undefined ? {} : { reason: meta.reason };
  return { as: 'cancelled', error, compensate: meta.compensate ?? true, ...reason };
}

/** What the journal is to say about a request to cancel. */
export function cancelRequest({ compensate = true, by, reason }: CancelOptions): EventMeta {
  return { compensate, ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}
