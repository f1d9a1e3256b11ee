/**
 * Who reads a partition for a subscription, and how far it is. It is written with compare-and-set, so an owner that was
 * frozen while another took over cannot move it any more.
 */
export interface PartitionRecord {
  /** Id of the member that owns it; null: nobody. */
  readonly owner: string | null;
  /** Everything up to this number of the stream is settled, but for `open`. */
  readonly high: number;
  readonly open: readonly number[];
  /** Failed attempts of open messages. */
  readonly tries: Readonly<Record<string, number>>;
  /** Open messages whose handler had begun. */
  readonly begun: readonly number[];
  /** Subjects that `high` speaks of; others begin where the subscription says. */
  readonly subjects: readonly string[];
}

/** Of a partition that nobody has owned yet. */
export const UNTOUCHED: PartitionRecord = { owner: null, high: 0, open: [], tries: {}, begun: [], subjects: [] };

/** What an owner that vanished had begun counts as an attempt: it may be what it died of. */
export function withLostAttempts(record: PartitionRecord): PartitionRecord {
  const tries = { ...record.tries };
  for (const sequence of record.begun) tries[sequence] = (tries[sequence] ?? 0) + 1;
  return { ...record, tries, begun: [] };
}
