import type { Type } from '../../messages/index.js';
import { readProcessMetadata, type ProcessMetadata } from '../decorators/catga-process.decorator.js';
import { readSerializer } from '../decorators/serializer.decorator.js';
import type { ProcessBlueprint, StepBlueprint } from './blueprint.js';
import { layerOf, mergeLayers, retryPolicyOf } from './options/policy-layers.js';
import type { PolicyLayer, ResolvedProcessOptions } from './options/options.types.js';
import { idFunctionOf } from './process-id.js';
import { readShape } from './read-shape.js';
import type { StepDraft } from './steps/step-drafts.js';

/**
 * Infers everything the engine has to know of a process class: from its methods, its decorators and the source of its
 * `execute`, with the policies that are in force under these options.
 *
 * @throws {ProcessDefinitionError} listing every problem of the class, each with what to write instead
 */
export function readBlueprint(target: Type<object>, options: ResolvedProcessOptions): ProcessBlueprint {
  const shape = readShape(target);
  // A class without the decorator does not come this far.
  const { command, onExisting, tags } = readProcessMetadata(target) as ProcessMetadata;
  const codec = readSerializer(target) ?? options.codec;
  const { name } = shape;
  return {
    name,
    target,
    command,
    version: shape.version,
    steps: shape.steps.map((draft) => complete(draft, name, options)),
    named: shape.named.map((step) => complete(inPlace(step), name, options)),
    policyOf: (step, said) => complete(inPlace(step, layerOf(`step "${step}"`, said)), name, options),
    flow: shape.flow,
    sequential: shape.sequential,
    writesFields: shape.writesFields,
    idOf: idFunctionOf(target, name, command.name),
    onExisting: onExisting ?? 'attach',
    ...(tags ? { tagsOf: tags } : {}),
    ...(codec ? { codec } : {}),
  };
}

/** Configuration of the process, over configuration of all processes, over decorators, over defaults. */
function complete(draft: StepDraft, process: string, options: ResolvedProcessOptions): StepBlueprint {
  const layer = mergeLayers(
    draft.policy,
    options.steps.get(draft.name),
    options.processes.get(process)?.get(draft.name),
  );
  return {
    name: draft.name,
    alternatives: draft.alternatives,
    timeout: layer.timeout ?? options.defaults.timeout,
    retry: retryPolicyOf(layer, options.defaults.retry),
    onUnknown: layer.onUnknown ?? 'retry',
    formerly: draft.formerly,
    compensate: draft.compensate,
    ...(draft.key ? { key: draft.key } : {}),
  };
}

/** A step that is no method. */
function inPlace(name: string, policy: PolicyLayer = {}): StepDraft {
  return { name, alternatives: [], formerly: [], compensate: 'in-doubt', policy };
}
