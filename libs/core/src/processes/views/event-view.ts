import type { ProcessEventView } from '../api/process.types.js';
import { describeError } from '../engine/failure.js';
import type { RecordedEvent } from '../journal/journal-event.js';
import type { ShownValues } from './redact.js';

/** Under which name the payload of an event is shown. */
const PAYLOAD: Partial<Record<RecordedEvent['type'], 'input' | 'result' | 'error'>> = {
  ProcessStarted: 'input',
  ProcessStepStarted: 'input',
  ProcessStepCompleted: 'result',
  ProcessStepFailed: 'error',
  ProcessCompensationStarted: 'error',
  ProcessStepCompensationFailed: 'error',
  ProcessCompleted: 'result',
  ProcessFailed: 'error',
  ProcessCancelled: 'error',
  ProcessContinuedAsNew: 'input',
};

/** A journal event for people: engine's notes and decoded value side by side. */
export function toEventView(event: RecordedEvent, values: ShownValues): ProcessEventView {
  const data: Record<string, unknown> = { ...event.meta };
  const name = PAYLOAD[event.type];
  if (name) {
    const value = values.decode(event.data);
    data[name] = name === 'error' ? describeError(value) : value;
  }
  return { version: event.version, type: event.type, at: event.at, data };
}
