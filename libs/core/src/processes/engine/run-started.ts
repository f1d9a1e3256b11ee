import type { EventShape } from '../../store/index.js';
import type { ProcessBlueprint } from '../definition/blueprint.js';
import type { EventMeta, JournalEventType } from '../journal/journal-event.js';
import type { RunIdentity } from './run.js';

/** Version of the rules by which a journal is replayed. Anything that moves a yield point makes a new one. */
export const ENGINE_VERSION = 1;

/**
 * Which run this is, and what its first event says: one object, because memory keeps one of every run. What the event
 * says is put together when somebody asks.
 */
export class RunStarted implements RunIdentity, EventShape {
  constructor(
    readonly blueprint: ProcessBlueprint,
    /** Node that starts it. */
    readonly owner: string,
    readonly id: string,
    readonly run: number,
    readonly correlationId: string,
    readonly causationId: string | undefined,
    readonly tenant: string | undefined,
    readonly tags: readonly string[],
  ) {}

  get type(): JournalEventType {
    return 'ProcessStarted';
  }

  get metadata(): EventMeta {
    const { id, run, owner, correlationId, causationId, tenant, tags } = this;
    const { name, version } = this.blueprint;
    return {
      name,
      id,
      run,
      version,
      engine: ENGINE_VERSION,
      epoch: 1,
      owner,
      correlationId,
      ...(causationId === undefined ? {} : { causationId }),
      ...(tenant === undefined ? {} : { tenant }),
      ...(tags.length === 0 ? {} : { tags }),
    };
  }
}
