import type { CompiledStep } from './compiled-step.js';
import { StepSlot } from './step-slot.js';

/** Calls of one step whose slots all runs share; later ones are rare and make their own. */
const SHARED = 1_000;
/** Steps that a bit mask can hold. */
const MASKED = 31;

/** The bit of a step in the mask of those that were called; none has 0. */
export function bitOf(index: number): number {
  return index < MASKED ? 1 << index : 0;
}

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
    return this.numbered(step);
  }

  /** Of a step that is a method and has no key of the user's. */
  numbered(step: CompiledStep): StepSlot {
    const { bit } = step;
    // Also one that has none.
    if ((this.called & bit) === bit) return this.again(step);
    this.called |= bit;
    return step.slots[0] as StepSlot;
  }

  private again(step: CompiledStep): StepSlot {
    const { index, bit, slots } = step;
    const counts = (this.counts ??= []);
    const before = counts[index] ?? (bit === 0 ? 0 : 1);
    counts[index] = before + 1;
    return before < slots.length ? (slots[before] as StepSlot) : newSlot(step, before);
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

function newSlot({ name, slots }: CompiledStep, before: number): StepSlot {
  const slot = new StepSlot(`${name}:${before + 1}`);
  if (before === slots.length && before < SHARED) slots.push(slot);
  return slot;
}
