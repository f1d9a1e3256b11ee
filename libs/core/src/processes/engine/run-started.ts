import type { EventShape } from '../../store/index.js';
import type { ProcessBlueprint } from '../definition/blueprint.js';
import type { EventMeta, JournalEventType } from '../journal/journal-event.js';
import type { RunIdentity } from './run-identity.js';

/** Version of the rules by which a journal is replayed. Anything that moves a yield point makes a new one. */
export const ENGINE_VERSION = 1;

/** No tags. The same object each time: whether a run is an ordinary one can be seen by it. */
export const NO_TAGS: readonly string[] = [];

/** What the first events of all ordinary runs of a process have in common: memory keeps this in place of each of them. */
export class RunOrigin implements EventShape {
  constructor(
    readonly blueprint: ProcessBlueprint,
    /** Node that starts them. */
    readonly owner: string,
    /** What their ids begin with. */
    readonly idPrefix: string,
  ) {}

  get type(): JournalEventType {
    return 'ProcessStarted';
  }

  /**
   * @param ownId the id behind the prefix
   * @param cause id of the message that has started the run, if any
   */
  started(ownId: string, cause: string | undefined): RunStarted {
    return new RunStarted(this, ownId, 1, cause, cause, undefined, NO_TAGS);
  }
}

/** Which run this is, and what its first event says; that is put together when somebody asks. */
export class RunStarted implements RunIdentity, EventShape {
  private fullId: string | undefined;

  constructor(
    readonly origin: RunOrigin,
    /** The id behind the prefix. */
    readonly ownId: string,
    readonly run: number,
    /** Undefined: the id. */
    private readonly correlation: string | undefined,
    readonly causationId: string | undefined,
    readonly tenant: string | undefined,
    readonly tags: readonly string[],
  ) {}

  /** Joined when somebody asks: most runs in memory come and go without. */
  get id(): string {
    return (this.fullId ??= this.origin.idPrefix + this.ownId);
  }

  get correlationId(): string {
    return this.correlation ?? this.id;
  }

  get type(): JournalEventType {
    return 'ProcessStarted';
  }

  /** Nothing tells it from others but its id, and the message from outside that has started it. */
  get isOrdinary(): boolean {
    const { run, correlation, causationId, tenant, tags } = this;
    return run === 1 && correlation === causationId && tenant === undefined && tags === NO_TAGS;
  }

  get metadata(): EventMeta {
    const { owner, blueprint } = this.origin;
    const { id, run, correlationId, causationId, tenant, tags } = this;
    const { name, version } = blueprint;
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
