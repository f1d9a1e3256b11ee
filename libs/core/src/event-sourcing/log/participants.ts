import type { CommitResult, NewEvent, RecordWrite, Store, StreamAppend } from '../../store/index.js';
import { RecordConflictError, VersionConflictError } from '../../store/index.js';
import { RecordedEvent } from '../events/index.js';
import type { CommitParticipant } from './commit-participant.js';
import { batchOf } from './encode-commit.js';
import type { LogCommit } from './event-log.types.js';

/** Tries of a commit that lost against another one for records of participants. */
const ATTEMPTS = 20;

/** A first attempt met a conflict: it is worth another one. */
class LostRaceError extends Error {}

/** Commits events together with what participants write for them. */
export class Participants {
  private readonly list: CommitParticipant[] = [];
  /** Commits that have lost a race, or came while others had: they go one after the other. */
  private queued = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly store: Store) {}

  add(participant: CommitParticipant): () => void {
    this.list.push(participant);
    return () => {
      const index = this.list.indexOf(participant);
      if (index !== -1) this.list.splice(index, 1);
    };
  }

  /** True when there is any; read on the way of every append. */
  get any(): boolean {
    return this.list.length > 0;
  }

  /** Those that want an event of the commit; undefined, and nothing made, when there are none. */
  of(appends: readonly StreamAppend[]): readonly CommitParticipant[] | undefined {
    if (this.list.length === 0) return undefined;
    const wanted = this.list.filter((one) =>
      appends.some((append) => append.events.some((event) => one.wants(event.type))),
    );
    return wanted.length === 0 ? undefined : wanted;
  }

  async commit(
    participants: readonly CommitParticipant[],
    commit: LogCommit,
    appends: readonly StreamAppend[],
  ): Promise<CommitResult> {
    // Side by side as long as nobody is in anybody's way. Once they are, taking turns is what lets each of them through.
    if (this.queued > 0) return this.inTurn(() => this.attempts(participants, commit, appends, ATTEMPTS));
    try {
      return await this.attempts(participants, commit, appends, 1);
    } catch (error) {
      if (!(error instanceof LostRaceError)) throw error;
      return this.inTurn(() => this.attempts(participants, commit, appends, ATTEMPTS));
    }
  }

  private async inTurn<T>(run: () => Promise<T>): Promise<T> {
    this.queued++;
    const turn = this.last.then(run, run);
    this.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.queued--;
    }
  }

  private async attempts(
    participants: readonly CommitParticipant[],
    commit: LogCommit,
    appends: readonly StreamAppend[],
    most: number,
  ): Promise<CommitResult> {
    for (let attempt = 1; ; attempt++) {
      const placed = await this.place(appends);
      const extra = await this.prepare(participants, commit, placed);
      const records = [...(commit.records ?? []), ...extra];
      try {
        return await this.store.commit({ ...batchOf(commit, placed), records });
      } catch (error) {
        if (!isOurs(error, appends, extra)) throw error;
        if (attempt < most) continue;
        throw most === 1 ? new LostRaceError() : error;
      }
    }
  }

  /** The appends with exact versions and times, so that participants are told what will be true of the events. */
  private async place(appends: readonly StreamAppend[]): Promise<readonly StreamAppend[]> {
    const now = await this.store.now();
    const ahead = new Map<string, number>();
    const placed: StreamAppend[] = [];
    for (const { stream, expectedVersion, events } of appends) {
      const version = ahead.get(stream) ?? (await this.versionOf(stream));
      const exact = expectedVersion === 'any' || (expectedVersion === 'stream-exists' && version > 0);
      placed.push({
        stream,
        expectedVersion: exact ? version : expectedVersion,
        events: events.map((event) => ({ ...event, at: event.at ?? now })),
      });
      ahead.set(stream, version + events.length);
    }
    return placed;
  }

  private async versionOf(stream: string): Promise<number> {
    return (await this.store.getStream(stream))?.version ?? 0;
  }

  private async prepare(
    participants: readonly CommitParticipant[],
    commit: LogCommit,
    placed: readonly StreamAppend[],
  ): Promise<readonly RecordWrite[]> {
    const events = recordedOf(commit, placed);
    const writes: RecordWrite[] = [];
    for (const participant of participants) {
      const wanted = events.filter((event) => participant.wants(event.type));
      writes.push(...(await participant.prepare(wanted, commit)));
    }
    return writes;
  }
}

/** The events as their readers will see them, apart from the position. */
function recordedOf(commit: LogCommit, placed: readonly StreamAppend[]): readonly RecordedEvent[] {
  const versions = new Map<string, number>();
  return placed.flatMap(({ stream, expectedVersion, events }, index) => {
    const known = typeof expectedVersion === 'number' ? expectedVersion : 0;
    const before = versions.get(stream) ?? known;
    versions.set(stream, before + events.length);
    const own = commit.appends?.[index]?.events ?? [];
    return events.map((event, at) => recorded(stream, before + at + 1, event, own[at] as object));
  });
}

function recorded(stream: string, version: number, stored: NewEvent, event: object): RecordedEvent {
  return new RecordedEvent({ ...stored, at: stored.at as number, stream, version, position: 0 }, event);
}

/** Whether another try may end otherwise without breaking what the caller asked for. */
function isOurs(error: unknown, appends: readonly StreamAppend[], extra: readonly RecordWrite[]): boolean {
  if (error instanceof RecordConflictError) {
    return extra.some((write) => write.collection === error.collection && write.key === error.key);
  }
  if (!(error instanceof VersionConflictError)) return false;
  const asked = appends.find((append) => append.stream === error.stream)?.expectedVersion;
  return (asked === 'any' || asked === 'stream-exists') && typeof error.expected === 'number';
}
