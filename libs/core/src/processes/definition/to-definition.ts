import type { ProcessDefinition, StepDefinition } from '../api/process-definition.types.js';
import type { ProcessBlueprint, StepBlueprint } from './blueprint.js';
import { stepsIn } from './flow/flow-nodes.js';

/** The part of a blueprint that is shown: at `/processes/definitions` and in the dashboard. */
export function toDefinition(blueprint: ProcessBlueprint): ProcessDefinition {
  const { name, command, version, steps, named = [], flow } = blueprint;
  const all = new Map([...named, ...steps].map((step) => [step.name, step]));
  return {
    name,
    command: command.name,
    version,
    // In the order of the code; what the drawing leaves out comes last.
    steps: [...new Set([...stepsIn(flow), ...all.keys()])].flatMap((one) => stepDefinition(all.get(one))),
    flow,
  };
}

function stepDefinition(step: StepBlueprint | undefined): StepDefinition[] {
  // A name that is made at run time has no policy yet.
  if (!step) return [];
  const [first] = step.alternatives;
  const compensation = step.alternatives.find((one) => one.compensation !== undefined)?.compensation;
  return [
    {
      name: step.name,
      // A step that is written in the flow has no method but its name.
      method: first?.method ?? step.name,
      ...(compensation === undefined ? {} : { compensation }),
      timeout: step.timeout,
      attempts: step.retry.attempts,
      backoff: step.retry.backoff,
      onUnknown: step.onUnknown,
      formerly: step.formerly,
    },
  ];
}
