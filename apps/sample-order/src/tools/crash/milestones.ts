/** Lets somebody wait until a count has come far enough. */
export class Milestones {
  private waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  /** How far the count is. */
  reached = 0;

  /** The count is now this far. */
  reach(count: number): void {
    this.reached = count;
    const due = this.waiting.filter((waiter) => waiter.count <= count);
    this.waiting = this.waiting.filter((waiter) => waiter.count > count);
    for (const { resolve } of due) resolve();
  }

  /** Resolves when the count is this far. */
  at(count: number): Promise<void> {
    if (count <= this.reached) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push({ count, resolve });
    });
  }
}
