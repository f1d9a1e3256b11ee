import type { CompiledStep } from './compiled-step.js';
import { StepSlot } from './step-slot.js';

/** Calls of one step whose slots all runs share; later ones are rare and make their own. */
const SHARED = 1_000;
/** Steps that a bit mask can hold. */
const MASKED = 31;

/**
 * Gives each call of a step its key: name and occurrence, or the user's own key and its occurrence.
 *
 * Invariant: keys are allocated when the flow calls, in the order of its calls, so the same flow gets the same keys.
 */
export class StepKeys {
  /** A bit for each step that was called: most processes call each step once, and need no more. */
  private called = 0;
  /** Calls so far by index of the step, of those that were called again. */
  private counts: number[] | undefined;
  /** Calls so far of what has no index, or a key of the user's. */
  private occurrences: Map<string, number> | undefined;

  next(step: CompiledStep, args: unknown[]): StepSlot {
    if (step.key !== undefined || step.index < 0) return new StepSlot(this.named(step, args));
    const bit = step.index < MASKED ? 1 << step.index : 0;
    if (bit === 0 || (this.called & bit) !== 0) return this.again(step, bit === 0 ? 0 : 1);
    this.called |= bit;
    return step.slots[0] as StepSlot;
  }

  /** @param counted calls that the bits know of */
  private again({ index, name, slots }: CompiledStep, counted: number): StepSlot {
    const counts = (this.counts ??= []);
    const before = counts[index] ?? counted;
    counts[index] = before + 1;
    if (before < slots.length) return slots[before] as StepSlot;
    const slot = new StepSlot(`${name}:${before + 1}`);
    if (before === slots.length && before < SHARED) slots.push(slot);
    return slot;
  }

  private named(step: CompiledStep, args: unknown[]): string {
    const key = step.key as ((...args: unknown[]) => string | number) | undefined;
    const base = key === undefined ? step.name : `${step.name}[${key(...args)}]`;
    const occurrences = (this.occurrences ??= new Map<string, number>());
    const number = (occurrences.get(base) ?? 0) + 1;
    occurrences.set(base, number);
    return `${base}:${number}`;
  }
}
