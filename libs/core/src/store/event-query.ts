/** Conditions on an event; it matches when all that are given hold. Without any, every event matches. */
export interface EventFilter {
  /** Its type is one of these. An empty list matches nothing. */
  readonly types?: readonly string[];
  /** The category of its stream is one of these, see {@link streamCategory}. An empty list matches nothing. */
  readonly categories?: readonly string[];
  /** It carries every one of these tags. */
  readonly tags?: readonly string[];
}

/**
 * Which events are asked for: those that match the filter, or at least one filter of the list. An empty list matches
 * nothing.
 *
 * @example
 * ```ts
 * const enrolment: EventQuery = [
 *   { types: ['course-defined', 'capacity-changed'], tags: ['course:c1'] },
 *   { types: ['student-subscribed'], tags: ['student:s1'] },
 * ];
 * ```
 */
export type EventQuery = EventFilter | readonly EventFilter[];

/**
 * The category of a stream: its name up to the first `-`, the whole name without one.
 *
 * @example streamCategory('order-42') // 'order'
 */
export function streamCategory(stream: string): string {
  const end = stream.indexOf('-');
  return end === -1 ? stream : stream.slice(0, end);
}

/** What a query looks at. */
export interface QueriedEvent {
  readonly stream: string;
  readonly type: string;
  readonly tags?: readonly string[];
}

/** The filters of a query, always as a list. For authors of stores. */
export function queryFilters(query: EventQuery): readonly EventFilter[] {
  return isList(query) ? query : [query];
}

/** The query as a test of one event, for whoever has to try it on many. For authors of stores. */
export function eventMatcher(query: EventQuery): (event: QueriedEvent) => boolean {
  const tests = queryFilters(query).map(filterMatcher);
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (event) => tests.some((test) => test(event));
}

function filterMatcher({ types, categories, tags }: EventFilter): (event: QueriedEvent) => boolean {
  const typeSet = types && new Set(types);
  const categorySet = categories && new Set(categories);
  const wanted = tags === undefined || tags.length === 0 ? undefined : tags;
  return (event) =>
    (typeSet === undefined || typeSet.has(event.type)) &&
    (wanted === undefined || (event.tags !== undefined && wanted.every((tag) => event.tags?.includes(tag)))) &&
    (categorySet === undefined || categorySet.has(streamCategory(event.stream)));
}

/** `Array.isArray` does not narrow a readonly list away. */
function isList(query: EventQuery): query is readonly EventFilter[] {
  return Array.isArray(query);
}
