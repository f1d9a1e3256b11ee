import type { NewEvent, Payload } from '../../store/index.js';
import type { ProcessBlueprint } from '../definition/blueprint.js';
import type { EventMeta, JournalEventType } from '../journal/journal-event.js';
import type { Run, RunIdentity } from './run.js';

/** Version of the rules by which a journal is replayed. Anything that moves a yield point makes a new one. */
export const ENGINE_VERSION = 1;

/** First event of a run; what it says is read off the run's identity when somebody asks. */
export class RunStarted implements NewEvent {
  readonly at: number;
  private readonly identity: RunIdentity;
  private readonly blueprint: ProcessBlueprint;
  private readonly owner: string;

  constructor(
    run: Run,
    readonly data: Payload,
  ) {
    this.at = run.startedAt;
    this.identity = run.identity;
    this.blueprint = run.process.blueprint;
    this.owner = run.env.ownership.owner;
  }

  get type(): JournalEventType {
    return 'ProcessStarted';
  }

  get metadata(): EventMeta {
    const { id, run, correlationId, causationId, tenant, tags } = this.identity;
    const { name, version } = this.blueprint;
    return {
      name,
      id,
      run,
      version,
      engine: ENGINE_VERSION,
      epoch: 1,
      owner: this.owner,
      correlationId,
      ...(causationId === undefined ? {} : { causationId }),
      ...(tenant === undefined ? {} : { tenant }),
      ...(tags.length === 0 ? {} : { tags }),
    };
  }
}
