import type { OpenCall, StepEnd } from './run.js';

/** An end that the flow is still to see, with the time of its event. */
export interface Delivery {
  readonly call: OpenCall;
  readonly end: StepEnd;
  readonly at: number;
}

/** The calls of one run that have not ended. */
export class OpenCalls {
  private readonly calls = new Set<OpenCall>();

  get size(): number {
    return this.calls.size;
  }

  add(call: OpenCall): void {
    this.calls.add(call);
  }

  delete(call: OpenCall): void {
    this.calls.delete(call);
  }

  /** Is a body under way that may still give its answer? */
  get busy(): boolean {
    for (const call of this.calls) if (call.deadline !== Number.POSITIVE_INFINITY) return true;
    return false;
  }

  /** When the first of them makes its next attempt; undefined while one of them is at an attempt. */
  get wakesAt(): number | undefined {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { wakesAt } of this.calls) {
      if (wakesAt === undefined) return undefined;
      earliest = Math.min(earliest, wakesAt);
    }
    return earliest;
  }

  /** Gives up what is overdue; answers with the earliest deadline that is left. */
  expire(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const call of this.calls) {
      if (call.deadline <= now) call.expire();
      else earliest = Math.min(earliest, call.deadline);
    }
    return earliest;
  }

  abort(reason: unknown): void {
    for (const call of this.calls) call.abort(reason);
  }

  noMoreAttempts(): void {
    for (const call of this.calls) call.noMoreAttempts();
  }

  stop(reason: unknown): void {
    for (const call of this.calls) call.stop(reason);
    this.calls.clear();
  }
}
