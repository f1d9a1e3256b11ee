import { BatchedStatement } from './batched-statement.js';
import type { Connection, Statement } from './driver.js';

/** How long the id of a commit is remembered at least, milliseconds. */
const REMEMBERED = 24 * 60 * 60 * 1_000;
/** Ids forgotten in one transaction: enough to keep up, too few to be felt. */
const SWEEP_ROWS = 200;

/** What a commit was answered: position, versions, record versions. */
export type CommitAnswer = readonly [position: number, versions: readonly number[], recordVersions: readonly number[]];

/** The ids of commits that may be repeated, with their answers. */
export class CommitIds {
  /** Of this transaction: what the file says, and what will be written to it. */
  private readonly known = new Map<string, CommitAnswer>();
  private readonly found: BatchedStatement;
  private readonly inserts: BatchedStatement;
  private readonly forget: Statement;

  constructor(connection: Connection) {
    this.found = new BatchedStatement(connection, 1, (ids) => `SELECT id, answer FROM commit_ids WHERE id IN (${ids})`);
    this.inserts = new BatchedStatement(
      connection,
      3,
      (rows) => `INSERT INTO commit_ids (id, at, answer) VALUES ${rows}`,
    );
    this.forget = connection.prepare(
      `DELETE FROM commit_ids WHERE number IN (SELECT number FROM commit_ids ORDER BY number LIMIT ${SWEEP_ROWS}) AND at < ?`,
    );
  }

  /** Looks ids up, all in one look into the file. To be called before {@link CommitIds.get}. */
  load(ids: Iterable<string>): void {
    for (const id of new Set(ids)) this.found.add(id);
    for (const [id, answer] of this.found.all()) {
      this.known.set(id as string, JSON.parse(answer as string) as CommitAnswer);
    }
  }

  get(id: string): CommitAnswer | undefined {
    return this.known.get(id);
  }

  add(id: string, answer: CommitAnswer, now: number): void {
    this.known.set(id, answer);
    this.inserts.add(id, now, JSON.stringify(answer));
  }

  flush(): void {
    this.inserts.run();
    this.known.clear();
  }

  /** Forgets some of those that are old enough. */
  sweep(now: number): void {
    this.forget.run([now - REMEMBERED]);
  }

  reset(): void {
    this.found.discard();
    this.inserts.discard();
    this.known.clear();
  }
}
