import type { CompiledStep } from './compiled-process.js';

/** Steps that a bit mask can hold. */
const MASKED = 31;

/**
 * Gives each call of a step its key: name and occurrence, or the user's own key and its occurrence.
 *
 * Invariant: keys are allocated when the flow calls, in the order of its calls, so the same flow gets the same keys.
 */
export class StepKeys {
  /** A bit for each step that was called: most processes call each step once, and need no map. */
  private called = 0;
  private occurrences: Map<string, number> | undefined;

  next(step: CompiledStep, args: unknown[]): string {
    const masked = step.key === undefined && step.index >= 0 && step.index < MASKED;
    if (masked) {
      const bit = 1 << step.index;
      if ((this.called & bit) === 0) {
        this.called |= bit;
        return step.firstKey;
      }
    }
    const key = step.key as ((...args: unknown[]) => unknown) | undefined;
    const base = key === undefined ? step.name : `${step.name}[${key(...args)}]`;
    const occurrences = (this.occurrences ??= new Map<string, number>());
    const number = (occurrences.get(base) ?? (masked ? 1 : 0)) + 1;
    occurrences.set(base, number);
    return `${base}:${number}`;
  }
}
