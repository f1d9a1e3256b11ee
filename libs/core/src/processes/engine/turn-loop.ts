/** Something that has one thing to do per turn of the event loop. */
export interface TurnTask {
  /** Set by the loop: already in line for the next turn. */
  inTurn: boolean;
  turn(): void;
}

/**
 * Calls each waiting task once in a turn of the event loop.
 *
 * Invariant: between two calls of the same task every microtask has run, so all code that the first call woke up has
 * reached its next `await`. `setImmediate`, not `process.nextTick`, which would run before the microtasks are done.
 */
export class TurnLoop {
  private ready: TurnTask[] = [];
  private scheduled = false;

  schedule(task: TurnTask): void {
    if (task.inTurn) return;
    task.inTurn = true;
    this.ready.push(task);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.turn);
  }

  private readonly turn = (): void => {
    const tasks = this.ready;
    this.ready = [];
    this.scheduled = false;
    for (const task of tasks) {
      task.inTurn = false;
      task.turn();
    }
  };
}
