import {
  BAD_QUERY,
  CLOSED,
  count,
  error,
  json,
  list,
  operator,
  record,
  text,
  time,
  type DocumentedRoute,
} from './openapi.schema.js';
import type { ProjectionsController } from './projections.controller.js';

const choice = (description: string, ...values: readonly string[]) => ({ ...text, description, enum: values });
const position = { ...count, description: 'A place in the whole log' };

const lag = record({
  events: { ...count, description: 'Positions of the log that it is behind: at most so many events are missing' },
  milliseconds: { ...count, description: 'Age of the oldest event that is missing' },
});
const pause = record(
  {
    at: time,
    ...operator,
    error,
    event: record({ position, stream: text, type: text, attempts: count }),
  },
  ['at'],
);
const rebuild = record(
  {
    generation: count,
    version: count,
    startedAt: time,
    position,
    target: position,
    progress: { type: 'number', minimum: 0, maximum: 1 },
    remaining: { ...count, description: 'Milliseconds left at the speed so far' },
    failure: { ...pause, description: 'Why it stands still; the live model goes on' },
  },
  ['generation', 'version', 'startedAt', 'position', 'target', 'progress'],
);
const status = record(
  {
    name: text,
    mode: choice('When it runs', 'async', 'inline', 'live'),
    version: { ...count, description: 'Version of the code of this node' },
    condition: choice('How it is', 'running', 'building', 'paused', 'failed', 'stopped', 'superseded'),
    generation: { ...count, description: 'Number of the live read model; 0 while there is none' },
    position: { ...position, description: 'Every event up to here is in the live read model' },
    head: { ...position, description: 'Last position of the log' },
    lag,
    events: { ...count, description: 'Events that it has taken' },
    deadLetters: { ...count, description: 'Dead letters, counted up to 1,000' },
    partitions: list(record({ partition: count, position, lag, owner: text }, ['partition', 'position', 'lag'])),
    paused: { ...pause, description: 'Why it stands still' },
    rebuild,
  },
  [
    'name',
    'mode',
    'version',
    'condition',
    'generation',
    'position',
    'head',
    'lag',
    'events',
    'deadLetters',
    'partitions',
  ],
);
const letter = record(
  {
    id: text,
    projection: text,
    generation: count,
    partition: count,
    key: { ...text, description: 'Events of one key keep their order; by default the stream' },
    reason: choice('failed: the projection threw; behind: it came after one that failed', 'failed', 'behind'),
    position,
    stream: text,
    version: { ...count, description: 'Version of the event in its stream' },
    type: text,
    at: { ...time, description: 'When the event had happened, milliseconds since 1970' },
    deadAt: { ...time, description: 'When it became a dead letter, milliseconds since 1970' },
    attempts: count,
    error,
  },
  [
    ...['id', 'projection', 'generation', 'partition', 'key', 'reason', 'position', 'stream', 'version', 'type'],
    ...['at', 'deadAt', 'attempts'],
  ],
);

const READ = { 404: 'There is no such projection' };
const OPERATION = { ...READ, 403: CLOSED };
const LETTER = { 404: 'There is no such projection, or it has no such dead letter' };
const NOW = { 200: json('How the projection is now', status) };

/** Method of {@link ProjectionsController} → what is said about it. */
export const PROJECTION_ROUTES: Readonly<Partial<Record<keyof ProjectionsController, DocumentedRoute>>> = {
  list: {
    summary: 'All projections, in the order of their names',
    answer: { 200: json('How they are', record({ projections: list(status) }, ['projections'])) },
  },
  details: {
    summary: 'How a projection is: condition, position, lag, rebuild',
    answer: NOW,
    problems: READ,
  },
  pause: {
    summary: 'Let a projection stand still on all nodes',
    description: 'Holds until it is resumed, also after a restart. Its read model can still be read.',
    body: { description: 'Who asks for it and why', schema: record(operator) },
    answer: NOW,
    problems: { ...OPERATION, 409: 'It is inline: part of every commit', 422: 'The body is not valid' },
  },
  resume: {
    summary: 'Let a projection go on, also a rebuild that has failed',
    answer: NOW,
    problems: OPERATION,
  },
  rebuild: {
    summary: 'Build the read model anew beside the live one',
    description: 'Takes its place when it has caught up. One that is under way starts again.',
    answer: { 202: json('Begun; how the projection is now', status) },
    problems: OPERATION,
  },
  cancelRebuild: {
    summary: 'Drop a rebuild under way; the live read model stays',
    answer: NOW,
    problems: OPERATION,
  },
  deadLetters: {
    summary: 'Events that the projection could not take, and those that wait behind them, oldest first',
    query: [
      {
        name: 'limit',
        description: 'Most dead letters to return',
        schema: { ...count, minimum: 1, maximum: 500, default: 100 },
      },
      { name: 'cursor', description: 'The cursor of the page before', schema: text },
    ],
    answer: {
      200: json(
        'A page; without a cursor it is the last',
        record({ deadLetters: list(letter), cursor: text }, ['deadLetters']),
      ),
    },
    problems: { ...READ, 400: BAD_QUERY },
  },
  deadLetter: {
    summary: 'One dead letter',
    answer: { 200: json('The dead letter', letter) },
    problems: LETTER,
  },
  replay: {
    summary: 'Give the projection the event again, then those of the same key behind it, until one fails',
    answer: {
      200: json(
        'What became of them',
        record(
          {
            replayed: { ...count, description: 'Dead letters that are in the read model now' },
            failed: { ...letter, description: 'The one it threw on again; it and those behind it stay' },
          },
          ['replayed'],
        ),
      ),
    },
    problems: {
      ...LETTER,
      403: CLOSED,
      409: 'An older one of the same key stands before it, its event is gone, or somebody else holds the read model',
    },
  },
  discard: {
    summary: 'Forget a dead letter: its event will not be in this read model',
    answer: { 204: { description: 'It is gone' } },
    problems: { ...LETTER, 403: CLOSED, 409: 'Somebody else holds the read model' },
  },
};
