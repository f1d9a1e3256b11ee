import type { Codec, Store } from '../../store/index.js';
import { modelCollection } from '../state/collections.js';
import { ModelBatch } from './model-batch.js';
import { modelValues } from './model-values.js';
import type { ReadModelDefinition } from './read-model.js';

/** Whose read models they are, and where they are kept. */
export interface ModelOwner {
  readonly store: Store;
  readonly definition: { readonly name: string; readonly models: readonly ReadModelDefinition<unknown>[] };
}

/** The read models of one generation for a single commit, where others write the same records: nothing is kept. */
export function generationModels({ store, definition }: ModelOwner, generation: number, codec: Codec): ModelBatch {
  const { name, models } = definition;
  return new ModelBatch({
    projection: name,
    store,
    values: modelValues(store, codec),
    models,
    collection: modelCollection(name, generation),
    keep: false,
  });
}
