/** Messages that share one signal. */
const SHARED_BY = 32;

/** A signal and how many handlers run with it. */
export interface SharedSignal {
  readonly controller: AbortController;
  given: number;
  running: number;
}

/**
 * Signals of handlers that end together: a member that seemed dead, or a transport that closes, aborts all it runs. An
 * `AbortController` a message would be 3 µs each; one for ever would collect the listeners that handlers leave behind.
 */
export class AbortGroup {
  private current = fresh();
  private readonly live = new Set<SharedSignal>();

  begin(): SharedSignal {
    if (this.current.given >= SHARED_BY) this.current = fresh();
    const { current } = this;
    current.given++;
    current.running++;
    this.live.add(current);
    return current;
  }

  end(shared: SharedSignal): void {
    if (--shared.running === 0) this.live.delete(shared);
  }

  /** Aborts what runs; what begins later is not touched. */
  abort(reason: Error): void {
    this.current = fresh();
    for (const { controller } of this.live) controller.abort(reason);
    this.live.clear();
  }
}

function fresh(): SharedSignal {
  return { controller: new AbortController(), given: 0, running: 0 };
}
