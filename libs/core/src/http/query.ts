import { fault, type Fault } from '../foundation/index.js';
import type { ExistingProcessPolicy, ProcessFilter, ProcessStatus } from '../processes/index.js';
import { InvalidQueryError } from './http.errors.js';

/** A query as the HTTP adapter gives it. */
export type RawQuery = Readonly<Record<string, unknown>>;

/** What `POST /processes/:name` understands in its query. */
export interface StartQuery {
  readonly wait: boolean;
  readonly id?: string;
  readonly onExisting?: ExistingProcessPolicy;
  readonly tags: readonly string[];
}

/** What `GET /processes/:id/events` understands in its query. */
export interface EventsQuery {
  readonly after?: number;
  readonly limit: number;
}

/** Every status, so that a mistyped one is refused instead of finding nothing. */
export const PROCESS_STATUSES = Object.keys({
  running: true,
  waiting: true,
  compensating: true,
  completed: true,
  failed: true,
  cancelled: true,
  diverged: true,
  'compensation-stuck': true,
  'outcome-unknown': true,
  poisoned: true,
  'history-limit': true,
} satisfies Record<ProcessStatus, true>) as readonly ProcessStatus[];

const POLICIES: readonly ExistingProcessPolicy[] = ['attach', 'reject', 'newRun'];
const MAX_PAGE = 500;

/** Reads one query and gathers its faults, so that the caller learns all of them at once. */
class QueryReader {
  private readonly faults: Fault[] = [];

  constructor(
    private readonly query: RawQuery,
    known: readonly string[],
  ) {
    for (const name of Object.keys(query)) {
      if (!known.includes(name)) this.refuse(name, `is not a parameter of this route. Known: ${known.join(', ')}`);
    }
  }

  refuse(name: string, message: string): undefined {
    this.faults.push(fault([name], message));
    return undefined;
  }

  text(name: string): string | undefined {
    const value = this.query[name];
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    return this.refuse(name, value === '' ? 'must not be empty' : 'must be given once');
  }

  texts(name: string): readonly string[] {
    const value = this.query[name] ?? [];
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.every((item) => typeof item === 'string' && item !== '')) return list as readonly string[];
    this.refuse(name, 'must be texts');
    return [];
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined || (choices as readonly string[]).includes(text)) return text as T | undefined;
    return this.refuse(name, `must be one of ${choices.join(', ')}`);
  }

  whole(name: string, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    return this.refuse(name, `must be a whole number from ${least} to ${most}`);
  }

  time(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const time = /^\d{1,16}$/.test(text) ? Number(text) : /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(time)) return time;
    return this.refuse(name, 'must be milliseconds since 1970 or a time such as 2026-01-31T12:00:00Z');
  }

  flag(name: string): boolean {
    // `?wait` alone is as good as `?wait=true`.
    if (this.query[name] === '') return true;
    const choice = this.choice(name, ['true', '1', 'false', '0']);
    return choice === 'true' || choice === '1';
  }

  /** @throws {InvalidQueryError} with all faults found on the way */
  done<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
    if (this.faults.length > 0) throw new InvalidQueryError(this.faults);
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
  }
}

/** @throws {InvalidQueryError} */
export function parseFilter(query: RawQuery): ProcessFilter {
  const q = new QueryReader(query, ['name', 'status', 'tag', 'from', 'to', 'limit', 'cursor']);
  return q.done<Required<ProcessFilter>>({
    name: q.text('name'),
    status: q.choice('status', PROCESS_STATUSES),
    tag: q.text('tag'),
    from: q.time('from'),
    to: q.time('to'),
    limit: q.whole('limit', 1, MAX_PAGE),
    cursor: q.text('cursor'),
  });
}

/** @throws {InvalidQueryError} */
export function parseEventsQuery(query: RawQuery): EventsQuery {
  const q = new QueryReader(query, ['after', 'limit']);
  const after = q.whole('after', 0, Number.MAX_SAFE_INTEGER);
  return q.done<EventsQuery>({ after, limit: q.whole('limit', 1, MAX_PAGE) ?? MAX_PAGE });
}

/** What `GET /projections/:name/dead-letters` understands in its query. @throws {InvalidQueryError} */
export function parseLettersQuery(query: RawQuery): { readonly limit?: number; readonly cursor?: string } {
  const q = new QueryReader(query, ['limit', 'cursor']);
  return q.done<{ limit: number; cursor: string }>({ limit: q.whole('limit', 1, MAX_PAGE), cursor: q.text('cursor') });
}

/** @throws {InvalidQueryError} */
export function parseStartQuery(query: RawQuery): StartQuery {
  const q = new QueryReader(query, ['wait', 'id', 'onExisting', 'tag']);
  return q.done<StartQuery>({
    wait: q.flag('wait'),
    id: q.text('id'),
    onExisting: q.choice('onExisting', POLICIES),
    tags: q.texts('tag'),
  });
}

/**
 * The version after which an event stream begins: the `Last-Event-ID` of a client that comes back, else `?after=`,
 * else 0. Other parameters are left alone: a browser's EventSource can send a token in no other place.
 *
 * @throws {InvalidQueryError}
 */
export function parseStreamStart(query: RawQuery, lastEventId: string | undefined): number {
  const given: RawQuery = lastEventId ? { 'Last-Event-ID': lastEventId } : { after: query['after'] };
  const q = new QueryReader(given, Object.keys(given));
  const [name] = Object.keys(given) as [string];
  return q.done<{ after: number }>({ after: q.whole(name, 0, Number.MAX_SAFE_INTEGER) ?? 0 }).after;
}
