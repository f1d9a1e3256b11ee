import { coarseNow, isCatgaError, isPromise } from '../../foundation/index.js';
import type { NewEvent, RecordWrite } from '../../store/index.js';
import { PARKED } from '../api/process.types.js';
import { History } from '../journal/history.js';
import { JournalEvent, toNewEvent, type EventMeta } from '../journal/journal-event.js';
import type { EngineState } from './engine-state.js';
import type { RegisteredProcess } from './process-registry.js';
import type { RunIdentity } from './run-identity.js';
import { isTerminal, PROCESSES, readRecord, recordWrite, streamOf, type RunRecord } from './run-record.js';
import type { RunStarter } from './run-starter.js';

/** Why a run is taken over. `expired` counts towards poison; the others do not. */
export type ClaimReason = 'expired' | 'released' | 'due' | 'operator';

/** More about a claim. */
export interface ClaimDetails {
  /** Who asked for it. */
  readonly meta?: EventMeta;
  /** Events that an operator's decision adds. */
  readonly more?: readonly JournalEvent[];
  /** Claim only if the run still belongs to this node, or to none. */
  readonly from?: { readonly owner: string | undefined };
}

/** How a claim ended. */
export type ClaimResult = 'claimed' | 'active' | 'final' | 'parked' | 'lost' | 'not-here' | 'unknown';

/**
 * Takes runs over, and lets them go.
 *
 * Invariant: a claim is an event of the run's own stream, at the version that was read. Of two nodes that try, one
 * succeeds; a former owner's next write finds the stream longer than it left it and stops. Nothing of a run that this
 * node has not started itself is executed before its claim is durable.
 */
export class RunClaims {
  constructor(
    private readonly state: EngineState,
    private readonly starter: RunStarter,
  ) {}

  async claim(id: string, reason: ClaimReason, details: ClaimDetails = {}): Promise<ClaimResult> {
    const { state } = this;
    const { store } = state.options;
    if (state.stopping || this.isExecuted(id, reason)) return 'active';
    const stored = await store.getRecord(PROCESSES, id);
    if (!stored) return 'unknown';
    const record = readRecord(stored);
    const registered = state.registry.find(record.name);
    const refused = registered ? refusal(record, reason, details) : 'not-here';
    if (!registered || refused) return refused as ClaimResult;
    const history = await History.load(store, streamOf(id, record.run), registered.process.renames);
    const found: FoundRun = { id, record, recordVersion: stored.version, history };
    if (reason === 'expired' && history.claimsWithoutProgress >= state.options.limits.maxClaims) {
      return this.poison(found);
    }
    if (this.isExecuted(id, reason)) return 'active';
    if (!(await this.write(found, reason, details))) return 'lost';
    if (state.stopping) {
      await this.release(id); // or nobody would look after it until this node's lease has expired
      return 'lost';
    }
    // What is active now can only be a start that is going to find the id taken; this run takes its place.
    this.resume(registered, id, record, history, reason === 'operator');
    return 'claimed';
  }

  /**
   * A start under way is no execution: when there is a line already, it is going to find the id taken. An operator
   * waits for it all the same, because the line may be its own.
   */
  private isExecuted(id: string, reason: ClaimReason): boolean {
    const run = this.state.active.get(id);
    return run !== undefined && (reason === 'operator' || !this.starter.isStarting(run));
  }

  /** Lets any node take over a run that this one has left. The run's journal stays as it is. */
  async release(id: string): Promise<void> {
    const { store, ownership } = this.state.options;
    const stored = await store.getRecord(PROCESSES, id);
    if (!stored) return;
    const { owner, ...record } = readRecord(stored);
    if (owner !== ownership.owner) return;
    await store.commit({ records: [recordWrite(store, id, record, stored.version)] });
  }

  /** Writes the claim, and takes it into the history. False when somebody else has written first. */
  private async write(found: FoundRun, reason: ClaimReason, { meta, more = [] }: ClaimDetails): Promise<boolean> {
    const { id, record, recordVersion, history } = found;
    const { store, ownership } = this.state.options;
    const claim: EventMeta = { ...meta, epoch: history.epoch + 1, owner: ownership.owner, reason };
    const events = [new JournalEvent('ProcessClaimed', coarseNow(), claim), ...more];
    const status = history.compensating ? 'compensating' : 'running';
    const { waitingUntil: _waiting, ...rest } = record;
    const index = recordWrite(store, id, { ...rest, status, owner: ownership.owner }, recordVersion);
    if (!(await this.commit(found, events, index))) return false;
    for (const { type, at, metadata, data } of events) {
      history.apply({ type, version: history.version + 1, at, meta: metadata, data });
    }
    return true;
  }

  private resume(
    registered: RegisteredProcess,
    id: string,
    record: RunRecord,
    history: History,
    byOperator: boolean,
  ): void {
    const { started, terminal } = history;
    const identity: RunIdentity = {
      id,
      run: record.run,
      correlationId: started.correlationId ?? id,
      causationId: started.causationId,
      tenant: started.tenant,
      tags: record.tags,
    };
    if (terminal?.type === 'ProcessContinuedAsNew') {
      const command = registered.values.decode(terminal.data) as object;
      return void this.starter.continueAs(identity, command);
    }
    const run = this.state.newRun(registered, identity);
    this.state.activate(run);
    run.resume(history, byOperator);
  }

  private async poison(found: FoundRun): Promise<ClaimResult> {
    const { id, record, recordVersion, history } = found;
    const { store } = this.state.options;
    const explanation = `It was taken over ${history.claimsWithoutProgress} times after a crash without getting on: it may be what kills its node. Look at its running step, then retry it.`;
    const event = new JournalEvent('ProcessSuspended', coarseNow(), { reason: 'poisoned', explanation });
    const { owner: _owner, waitingUntil: _waiting, ...rest } = record;
    const index = recordWrite(store, id, { ...rest, status: 'poisoned' }, recordVersion);
    if (!(await this.commit(found, [event], index))) return 'lost';
    this.state.env.warn(`${id} is parked as poisoned. ${explanation}`);
    return 'parked';
  }

  /** At the versions of journal and line that were read: a run that has ended or was parked since stays as it is. */
  private async commit(
    { id, record, history }: FoundRun,
    events: readonly JournalEvent[],
    index: RecordWrite,
  ): Promise<boolean> {
    const { direct, options } = this.state;
    const stream = streamOf(id, record.run);
    const encode = (event: NewEvent): NewEvent => (direct ? event : toNewEvent(event));
    try {
      const result = options.store.commit({
        appends: [{ stream, expectedVersion: history.version, events: events.map(encode) }],
        records: [index],
      });
      if (isPromise(result)) await result;
      return true;
    } catch (error) {
      if (isCatgaError(error, 'CATGA_VERSION_CONFLICT') || isCatgaError(error, 'CATGA_RECORD_CONFLICT')) return false;
      // It may have been written all the same: then nobody but this node would ever look after the run.
      this.starter.doubt(id);
      throw error;
    }
  }
}

/** A run as it was when it was looked at. */
interface FoundRun {
  readonly id: string;
  readonly record: RunRecord;
  readonly recordVersion: number;
  readonly history: History;
}

/** Why a run with this line is not to be claimed. */
function refusal(record: RunRecord, reason: ClaimReason, { from }: ClaimDetails): ClaimResult | undefined {
  if (isTerminal(record.status)) return 'final';
  if (PARKED.has(record.status) && reason !== 'operator') return 'parked';
  // Found some time ago: meanwhile another node may have been quicker, and is alive.
  if (from && from.owner !== record.owner) return 'lost';
  if (reason === 'due' && record.status !== 'waiting') return 'lost';
  return undefined;
}
