import { setImmediate } from 'node:timers';
import type { CommitNotice } from './store.js';

/** More names than this in one turn of the event loop: "anything may have changed" is cheaper to handle than a list. */
const MOST_NAMES = 1_000;

/**
 * Collects what the commits of one turn of the event loop touched and tells the listeners once. For authors of stores.
 *
 * Ask {@link CommitNotifier.listening} before calling {@link CommitNotifier.touch}: without a listener a commit should
 * pay nothing.
 */
export class CommitNotifier {
  /** True while somebody listens. A plain field, because hot paths read it. */
  listening = false;
  private readonly listeners = new Set<(notice: CommitNotice) => void>();
  private streams = new Set<string>();
  private collections = new Set<string>();
  // The last names: one run appends several times in a row, and comparing is cheaper than a look into the set.
  private lastStream: string | undefined;
  private lastCollection: string | undefined;
  private unknown = false;
  private scheduled = false;

  /** Adds a listener. Returns the way to remove it. */
  add(listener: (notice: CommitNotice) => void): () => void {
    // A wrapper of its own, so that the same function added twice is called twice and removed one at a time.
    const own = (notice: CommitNotice): void => listener(notice);
    this.listeners.add(own);
    this.listening = true;
    return () => {
      this.listeners.delete(own);
      this.listening = this.listeners.size > 0;
    };
  }

  /** Notes that a stream got events. */
  touchStream(stream: string): void {
    if (stream === this.lastStream) return;
    this.lastStream = stream;
    this.streams.add(stream);
    if (!this.scheduled) this.schedule();
  }

  /** Notes that a collection got writes. */
  touchCollection(collection: string): void {
    if (collection === this.lastCollection) return;
    this.lastCollection = collection;
    this.collections.add(collection);
    if (!this.scheduled) this.schedule();
  }

  /** Notes that something was committed and that it is not known what, e.g. by another OS process. */
  touchUnknown(): void {
    this.unknown = true;
    if (!this.scheduled) this.schedule();
  }

  private schedule(): void {
    this.scheduled = true;
    // Not a microtask: the commits of a whole turn share one notice. Imported from node:timers, so that a test with
    // faked global timers still hears of commits.
    setImmediate(this.flush);
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    const { streams, collections, unknown } = this;
    this.streams = new Set();
    this.collections = new Set();
    this.lastStream = undefined;
    this.lastCollection = undefined;
    this.unknown = false;
    const vague = unknown || streams.size > MOST_NAMES || collections.size > MOST_NAMES;
    const notice: CommitNotice = vague ? {} : { streams: [...streams], collections: [...collections] };
    for (const listener of [...this.listeners]) callSafely(listener, notice);
  };
}

/** The commit has happened; a listener that throws must neither undo that nor keep the others from hearing of it. */
function callSafely(listener: (notice: CommitNotice) => void, notice: CommitNotice): void {
  try {
    listener(notice);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`A Store.onCommit listener threw, the commit stands: ${text}`, 'CatgaWarning');
  }
}
