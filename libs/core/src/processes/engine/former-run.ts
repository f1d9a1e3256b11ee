import type { RecordWrite, Store, StoredRecord } from '../../store/index.js';
import { streamOf, type RunRecord } from './run-record.js';

/** Collection of the store with a line for each journal whose id was run again: the id's own line is the last run's. */
export const FORMER_RUNS = 'former-runs';

/** A run whose id was run again, or is about to be. */
export interface FormerRun {
  readonly id: string;
  readonly run: number;
}

/**
 * The write that keeps a journal findable for retention. To be done before the next run begins: done after it, a crash in
 * between would leave a journal that nobody ever removes.
 *
 * @param removeAt when the journal goes, milliseconds since 1970; undefined: never by age
 */
export function formerRunWrite(
  store: Store,
  id: string,
  { name, run }: Pick<RunRecord, 'name' | 'run'>,
  removeAt: number | undefined,
): RecordWrite {
  const former: FormerRun = { id, run };
  return {
    collection: FORMER_RUNS,
    key: streamOf(id, run),
    value: store.capabilities.payload === 'reference' ? former : JSON.stringify(former),
    tags: [`name:${name}`, formerTag(id)],
    ...(removeAt === undefined ? {} : { dueAt: removeAt }),
  };
}

/** Tag of all former runs of an id. */
export function formerTag(id: string): string {
  return `of:${id}`;
}

/** Reads a line of {@link FORMER_RUNS} back. */
export function readFormerRun({ value }: StoredRecord): FormerRun {
  return typeof value === 'string' ? (JSON.parse(value) as FormerRun) : (value as FormerRun);
}
