/** What whoever has started a run awaits. Not left to the flow: one that is given up never comes to its end. */
export interface RunAnswer {
  outcome: Promise<unknown> | undefined;
  /** Settles {@link outcome}. */
  answer: ((value: unknown) => void) | undefined;
}

/** How the promise made last is resolved: a function for each promise that tells its run would be one more thing to make. */
let kept: RunAnswer['answer'];
const keepResolve = (resolve: (value: unknown) => void): void => {
  kept = resolve;
};

/** From now on the run has to be answered for. */
export function openAnswer(run: RunAnswer): void {
  run.outcome = new Promise(keepResolve);
  run.answer = kept;
}
