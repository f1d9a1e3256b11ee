/** Where a walk through a value is. Steps are kept as they are; the text is made only for an error. */
export class ValuePath {
  private readonly steps: (string | number | { readonly call: string })[] = [];

  get depth(): number {
    return this.steps.length;
  }

  /** Runs `visit` one step further in. */
  within<T>(step: string | number | { readonly call: string }, visit: () => T): T {
    this.steps.push(step);
    const result = visit();
    // Not in a `finally`: after an error the path is wanted, not the walk.
    this.steps.pop();
    return result;
  }

  /** A mark to go back to when an error inside was survived. */
  rewind(depth: number): void {
    this.steps.length = depth;
  }

  toString(): string {
    return this.steps.reduce<string>((text, step) => text + stepText(step), '$');
  }
}

function stepText(step: string | number | { readonly call: string }): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object') return `.${step.call}`;
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
