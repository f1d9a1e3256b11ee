import type { ProcessesController } from './processes.controller.js';
import {
  anything,
  BAD_QUERY,
  CLOSED,
  operator,
  count,
  error,
  flag,
  json,
  list,
  record,
  text,
  time,
  type DocumentedRoute,
} from './openapi.schema.js';
import { PROCESS_STATUSES } from './query.js';

const status = { type: 'string', enum: [...PROCESS_STATUSES] };
const summaryFields = {
  id: text,
  name: text,
  status,
  run: count,
  startedAt: time,
  finishedAt: time,
  waitingUntil: time,
  tags: list(text),
  owner: text,
  error,
};
const step = record({
  key: text,
  name: text,
  status: text,
  attempts: count,
  startedAt: time,
  finishedAt: time,
  retryAt: time,
  input: anything,
  result: anything,
  error,
});
const event = record({ version: count, type: text, at: time, data: { type: 'object' } }, [
  'version',
  'type',
  'at',
  'data',
]);
const progress = record({
  id: text,
  name: text,
  status,
  currentSteps: list(text),
  completedSteps: list(text),
  failedSteps: list(text),
  compensatedSteps: list(text),
  progress: { type: 'number', minimum: 0, maximum: 1 },
  explanation: text,
});
const started = { processId: text, started: { ...flag, description: 'False when the run existed already' } };

const UNKNOWN = { 404: 'There is no such process' };
const OPERATION = {
  ...UNKNOWN,
  403: CLOSED,
  409: 'The process is not in a status that allows it, or somebody has decided already',
  422: 'The body is not valid',
};
const operatorBody = { description: 'Who asks for it and why, for the journal', schema: record(operator) };
const ACCEPTED = { 202: json('Accepted; how far the process is now', progress) };
const decision = (summary: string): DocumentedRoute => ({
  summary,
  description: 'The step is given by name or by key. The process must be parked as compensation-stuck.',
  body: operatorBody,
  answer: ACCEPTED,
  problems: { ...OPERATION, 404: 'There is no such process, or it has no such step' },
});

/** Method of {@link ProcessesController} → what is said about it. */
export const PROCESS_ROUTES: Readonly<Partial<Record<keyof ProcessesController, DocumentedRoute>>> = {
  list: {
    summary: 'List processes, newest first',
    query: [
      { name: 'name', description: 'Name of the process class', schema: text },
      { name: 'status', description: 'Where the run is', schema: status },
      { name: 'tag', description: 'A tag of the run, e.g. customer:42', schema: text },
      { name: 'from', description: 'Started at or after: milliseconds since 1970 or ISO time', schema: text },
      { name: 'to', description: 'Started before: milliseconds since 1970 or ISO time', schema: text },
      {
        name: 'limit',
        description: 'Most runs to return',
        schema: { ...count, minimum: 1, maximum: 500, default: 50 },
      },
      { name: 'cursor', description: 'The cursor of the page before', schema: text },
    ],
    answer: {
      200: json(
        'A page; without a cursor it is the last',
        record({ processes: list(record(summaryFields)), cursor: text }),
      ),
    },
    problems: { 400: BAD_QUERY },
  },
  definitions: {
    summary: 'The processes of this application, as inferred from their code',
    answer: {
      200: json(
        'Definitions',
        list(
          record({
            name: text,
            command: text,
            version: text,
            steps: list({ type: 'object' }),
            flow: list({ type: 'object' }),
          }),
        ),
      ),
    },
  },
  details: {
    summary: 'Everything about one process: input, steps, result, error',
    answer: {
      200: json(
        'The process',
        record({
          ...summaryFields,
          input: anything,
          result: anything,
          steps: list(step),
          events: count,
          explanation: text,
        }),
      ),
    },
    problems: UNKNOWN,
  },
  status: {
    summary: 'How far a process is',
    answer: { 200: json('Progress', progress) },
    problems: UNKNOWN,
  },
  events: {
    summary: 'The journal of a process',
    query: [
      { name: 'after', description: 'Only events after this version', schema: { ...count, minimum: 0, default: 0 } },
      {
        name: 'limit',
        description: 'Most events to return',
        schema: { ...count, minimum: 1, maximum: 500, default: 500 },
      },
    ],
    answer: { 200: json('Events in their order', record({ events: list(event) }, ['events'])) },
    problems: { ...UNKNOWN, 400: BAD_QUERY },
  },
  stream: {
    summary: 'The journal of a process, then every new event as it happens',
    description:
      'Server-sent events. The id of each is its version, so that a client which comes back with Last-Event-ID goes on where it was. One event of type "end" when the process is final, one of type "problem" when the journal cannot be read.',
    query: [
      { name: 'after', description: 'Only events after this version', schema: { ...count, minimum: 0, default: 0 } },
    ],
    answer: {
      200: { description: 'The stream', content: { 'text/event-stream': { schema: text } } },
      204: { description: 'The process is final and Last-Event-ID is its last event' },
    },
    problems: { ...UNKNOWN, 503: 'The application is shutting down' },
  },
  start: {
    summary: 'Start a process',
    description:
      'The body has the fields of the command that starts it (see the definitions) and is checked against its schema. Answers at once with 202, or with the result and 200 for ?wait=true or "Prefer: wait".',
    query: [
      { name: 'wait', description: 'Wait for the result', schema: { ...flag, default: false } },
      { name: 'id', description: 'Takes the place of the id read from the command', schema: text },
      {
        name: 'onExisting',
        description: 'What to do when the id exists',
        schema: { type: 'string', enum: ['attach', 'reject', 'newRun'] },
      },
      { name: 'tag', description: 'Makes the run findable; may be repeated', schema: list(text) },
    ],
    body: { description: 'The fields of the command', schema: { type: 'object', additionalProperties: true } },
    answer: {
      200: json('Waited for: the result', record({ ...started, result: anything })),
      202: json('Started; Location leads to it', record(started)),
    },
    problems: {
      403: CLOSED,
      404: 'No process has this name',
      409: 'The id exists and onExisting is reject; or, when waiting, it was cancelled or is parked',
      422: 'The body is not valid: errors has the path of each fault; or, when waiting, the business refused',
      503: 'The store is not available',
    },
  },
  cancel: {
    summary: 'Cancel a process',
    body: {
      description: 'Who asks for it and why; compensate: false leaves completed steps as they are',
      schema: record({ ...operator, compensate: { ...flag, default: true } }),
    },
    answer: ACCEPTED,
    problems: OPERATION,
  },
  retry: {
    summary: 'Continue a parked process from where it stopped',
    body: operatorBody,
    answer: ACCEPTED,
    problems: OPERATION,
  },
  retryCompensation: decision('Try again a compensation that gave up'),
  skipCompensation: decision('Leave a step undone whose compensation gave up, and go on'),
  markCompensationDone: decision('Note that a step was undone by hand, and go on'),
};
