import { isCatgaError } from '../../foundation/index.js';
import type { NewEvent, StoredEvent } from '../../store/index.js';
import type { EventMeta } from '../journal/journal-event.js';
import type { JournalHost } from '../journal/journal.js';
import type { Run } from './run.js';

/** The longest wait between two attempts at a commit. */
const LONGEST_WAIT = 5_000;

/**
 * What a run does when a commit of its journal does not go through.
 *
 * Invariants: a store that is away never fails or undoes a run, it only delays it; a run whose stream somebody else has
 * written to stops without another word. Whose clock says what plays no part in it.
 */
export class CommitFailures implements JournalHost {
  constructor(private readonly run: Run) {}

  wantsFlush(): void {
    this.run.env.turns.schedule(this.run);
  }

  async commitFailed(
    error: unknown,
    expected: number,
    events: readonly NewEvent[],
    attempt: number,
  ): Promise<number | 'written' | 'stop'> {
    const { run } = this;
    try {
      if (isCatgaError(error, 'CATGA_RECORD_CONFLICT') || isCatgaError(error, 'CATGA_VERSION_CONFLICT')) {
        const tail = await run.env.store.readStream(run.stream, { from: expected + 1 });
        return this.afterConflict(tail, expected, events, attempt > 1);
      }
    } catch (readError) {
      error = readError;
    }
    run.env.reportInfrastructure(run.id, undefined, error);
    if (expected === 0) {
      run.abandon();
      run.env.startFailed(run, error);
      return 'stop';
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** (attempt - 1), LONGEST_WAIT)));
    return run.isOver ? 'stop' : expected;
  }

  /**
   * Somebody has written to our stream. Our own commit whose answer was lost counts as written; a request to cancel is
   * taken in; anything else means that another node owns the run now.
   *
   * @param again the commit was tried before: what stands there may be its own. A first try that is refused has
   *   written nothing, however much a former run of this id that began in the same millisecond looks like it.
   */
  private afterConflict(
    tail: readonly StoredEvent[],
    expected: number,
    events: readonly NewEvent[],
    again: boolean,
  ): number | 'written' | 'stop' {
    const { run } = this;
    if (again && tail.length >= events.length && events.every((event, i) => isSame(event, tail[i] as StoredEvent))) {
      return 'written';
    }
    const isRequest = tail.length > 0 && tail.every((event) => event.type === 'ProcessCancelRequested');
    if (expected > 0 && isRequest) {
      const meta = metaOf(tail[0] as StoredEvent);
      queueMicrotask(() => run.cancelRequested(meta));
      return expected + tail.length;
    }
    run.abandon();
    if (expected === 0) run.env.idTaken(run);
    else run.env.over(run, { kind: 'abandoned' });
    return 'stop';
  }
}

function metaOf({ metadata }: StoredEvent): EventMeta {
  return (typeof metadata === 'string' ? JSON.parse(metadata) : metadata) as EventMeta;
}

function isSame(event: NewEvent, stored: StoredEvent): boolean {
  return event.type === stored.type && event.metadata === stored.metadata && event.at === stored.at;
}
