import type { RecordedEvent } from '../../event-sourcing/index.js';
import type { ModelBatch } from '../model/model-batch.js';
import type { ProjectionModel, ReadModelDefinition } from '../model/read-model.js';

/** What the method of a projection gets beside the event. */
export interface ProjectionContext<Target = unknown> {
  /** Where and when the event was recorded, and its metadata. */
  readonly recorded: RecordedEvent;
  /** Place of the event in the whole log; 0 in an inline projection, which runs before the event has one. */
  readonly position: number;
  /**
   * Number of the read model that is being written: one more with each rebuild. Whoever keeps data of its own writes
   * that of each generation apart.
   */
  readonly generation: number;
  /** True while a model is being built beside the live one: have no effects outside of it then. */
  readonly rebuilding: boolean;
  /** What the `target` of the projection gave for this batch, e.g. its transaction. Undefined without a target. */
  readonly target: Target;
  /**
   * A read model to write. Without a name: the first of the projection.
   *
   * @throws {UnknownReadModelError} it is not among `models` of the projection
   */
  model<T>(model?: ReadModelDefinition<T> | string): ProjectionModel<T>;
}

/** What the context of all events of a batch share. */
export interface BatchScope {
  readonly models: ModelBatch;
  readonly generation: number;
  readonly rebuilding: boolean;
  target: unknown;
}

/** The {@link ProjectionContext} of one event. */
export class EventContext implements ProjectionContext {
  constructor(
    readonly recorded: RecordedEvent,
    private readonly scope: BatchScope,
  ) {}

  get position(): number {
    return this.recorded.position;
  }

  get generation(): number {
    return this.scope.generation;
  }

  get rebuilding(): boolean {
    return this.scope.rebuilding;
  }

  get target(): unknown {
    return this.scope.target;
  }

  model<T>(model?: ReadModelDefinition<T> | string): ProjectionModel<T> {
    return this.scope.models.model(model);
  }
}
