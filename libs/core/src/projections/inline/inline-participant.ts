import type { CommitParticipant, RecordedEvent } from '../../event-sourcing/index.js';
import { isPromise } from '../../foundation/index.js';
import { eventMatcher, type RecordWrite } from '../../store/index.js';
import type { ProjectionNode } from '../manager/projection-node.js';
import type { ProjectionScope } from '../manager/scope.js';
import { generationModels } from '../model/generation-models.js';
import type { ModelBatch } from '../model/model-batch.js';
import { InlineProjectionError, ProjectionSupersededError } from '../projection.errors.js';
import { DeferredChangeError } from '../model/model-batch.js';
import { EventContext, type BatchScope } from '../run/projection-context.js';
import { FENCES, generationKey } from '../state/collections.js';
import { openGeneration } from '../state/fence.js';

/** The longest a commit waits for a rebuild to end, milliseconds. */
const LONGEST_WAIT = 15_000;
/** Milliseconds between two looks whether a model is open again. */
const POLL = 5;

/**
 * An inline projection as part of commits: its methods run before the commit, and what they write goes into it.
 *
 * Every record says which version it stands on, so two commits that change the same one cannot lose each other's work:
 * the log tries the later one again. And every commit says that its generation is open, so that none can write a model
 * that was replaced while it was under way.
 */
export class InlineParticipant implements CommitParticipant {
  readonly name: string;
  private readonly types: ReadonlySet<string>;
  private readonly matches: (event: RecordedEvent) => boolean;
  /** Commits that were prepared before: a second time means that the first one met a conflict. */
  private readonly seen = new WeakSet<object>();

  constructor(
    private readonly node: ProjectionNode,
    private readonly scope: ProjectionScope,
  ) {
    this.name = `projection ${node.definition.name}`;
    const { query } = node;
    this.types = new Set((query as { types: readonly string[] }).types);
    this.matches = eventMatcher(query);
  }

  wants(type: string): boolean {
    return this.types.has(type);
  }

  async prepare(events: readonly RecordedEvent[], batch: object): Promise<readonly RecordWrite[]> {
    const { definition } = this.node;
    // Another commit was faster, a rebuild has begun to swap, or it has swapped.
    if (this.seen.has(batch) || this.isAhead()) await this.untilOpen();
    this.seen.add(batch);
    const { live } = this.node.state;
    const generation = live?.generation ?? 0;
    const writes: RecordWrite[] = [openGeneration(generationKey(definition.name, generation))];
    // It is being built for the first time: these events will be found in the log.
    if (live === undefined) return writes;
    if (live.version !== definition.version) {
      throw new ProjectionSupersededError(definition.name, `version ${definition.version}`, `version ${live.version}`);
    }
    const models = generationModels(this.node, generation, this.scope.codec);
    await this.run(events.filter(this.matches), models, generation, writes);
    return writes;
  }

  private async run(
    events: readonly RecordedEvent[],
    models: ModelBatch,
    generation: number,
    writes: RecordWrite[],
  ): Promise<void> {
    const { definition } = this.node;
    const scope: BatchScope = { models, generation, rebuilding: false, target: undefined };
    let index = 0;
    try {
      for (; index < events.length; index++) {
        const recorded = events[index] as RecordedEvent;
        models.index = index;
        const done = definition.handlerOf(recorded.event)?.(recorded.event, new EventContext(recorded, scope));
        if (isPromise(done)) await done;
      }
      await models.settle();
      models.addWrites(writes);
    } catch (error) {
      const deferred = error instanceof DeferredChangeError;
      const { type, stream } = events[deferred ? error.index : index] as RecordedEvent;
      throw new InlineProjectionError(definition.name, type, stream, deferred ? error.cause : error);
    }
  }

  /** Is the model of this node's code still being built, in place of one of older code? */
  private isAhead(): boolean {
    const { state, definition } = this.node;
    return state.live !== undefined && state.live.version < definition.version;
  }

  private async untilOpen(): Promise<void> {
    const { definition, store } = this.node;
    const giveUp = Date.now() + LONGEST_WAIT;
    for (;;) {
      const { live } = await this.node.refresh();
      const fence = await store.getRecord(FENCES, generationKey(definition.name, live?.generation ?? 0));
      if ((fence === undefined && !this.isAhead()) || Date.now() > giveUp) return;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }
}
