import type { ProjectionTarget, TargetStep } from '@catga/core';

/** A database with transactions, in a few lines. */
export class Ledger implements ProjectionTarget<Map<string, number>> {
  sums = new Map<string, number>();
  readonly positions = new Map<string, number>();
  loseAnswer = false;

  async position(checkpoint: string): Promise<number> {
    return this.positions.get(checkpoint) ?? 0;
  }

  async apply(
    { checkpoint, from, to }: TargetStep,
    write: (sums: Map<string, number>) => Promise<void>,
  ): Promise<boolean> {
    if ((this.positions.get(checkpoint) ?? 0) !== from) return false;
    const copy = new Map(this.sums);
    await write(copy);
    this.sums = copy;
    this.positions.set(checkpoint, to);
    if (this.loseAnswer) {
      this.loseAnswer = false;
      throw new Error('connection lost');
    }
    return true;
  }

  async remove(checkpoint: string): Promise<void> {
    this.positions.delete(checkpoint);
  }
}
