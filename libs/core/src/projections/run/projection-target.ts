/** Where a projection got to, as a {@link ProjectionTarget} keeps it. */
export interface TargetStep {
  /**
   * Under which the target keeps the position: `<projection>@<generation>/<partition>`, with `/replayed` behind it for
   * the dead letter that was taken last, whose position may be lower than that of the one before.
   */
  readonly checkpoint: string;
  /** The position that the target must have now; 0 when it has none yet. */
  readonly from: number;
  /** The position that it has afterwards. */
  readonly to: number;
}

/**
 * A database of the user's own that keeps the read model of a projection. Applied if newer: it keeps the position
 * beside the model and changes both in one transaction, so that no event is missed or applied twice.
 *
 * @example PostgreSQL
 * ```ts
 * @Injectable()
 * export class PgTarget implements ProjectionTarget<PoolClient> {
 *   constructor(private readonly pool: Pool) {}
 *   async position(checkpoint: string) {
 *     const { rows } = await this.pool.query('select position from checkpoints where name = $1', [checkpoint]);
 *     return Number(rows[0]?.position ?? 0);
 *   }
 *   async apply(step: TargetStep, write: (client: PoolClient) => Promise<void>) {
 *     return inTransaction(this.pool, async (client) => {
 *       const { rowCount } = await client.query(
 *         `insert into checkpoints values ($1, $3) on conflict (name) do update set position = $3
 *          where checkpoints.position = $2`, [step.checkpoint, step.from, step.to]);
 *       if (rowCount === 0) return false;
 *       await write(client);
 *       return true;
 *     });
 *   }
 *   async remove(checkpoint: string) { await this.pool.query('delete from checkpoints where name = $1', [checkpoint]); }
 * }
 * ```
 */
export interface ProjectionTarget<Tx> {
  /** The position kept under this name; 0 when there is none. */
  position(checkpoint: string): Promise<number>;
  /**
   * In one transaction: checks that the position is `from`, calls `write` once and awaits it, sets the position to `to`.
   * Answers false, without having called `write`, when the position is another one: somebody else has been faster. An
   * error of `write` undoes everything and is thrown on.
   */
  apply(step: TargetStep, write: (transaction: Tx) => Promise<void>): Promise<boolean>;
  /** Forgets what belongs to a generation that is no longer read. */
  remove(checkpoint: string): Promise<void>;
}
