import type { CompiledProcess, RunScope } from './compiled-process.js';

/** A run whose flow is to be executed. */
interface Executed extends RunScope {
  readonly process: CompiledProcess;
  view: object | undefined;
}

/** Calls `execute` on a `this` of the run's own. An error thrown at once is a rejection like any other. */
export function executeFlow(run: Executed, command: unknown): Promise<unknown> {
  try {
    // Set before the call: the flow asks for its first step in the same turn.
    run.view = run.process.createRunView(run);
    return (run.view as { execute(command: unknown): Promise<unknown> }).execute(command);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}
