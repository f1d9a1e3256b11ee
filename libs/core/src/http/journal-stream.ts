import type { MessageEvent } from '@nestjs/common';
import { Observable, type Subscriber } from 'rxjs';
import type { ProcessEventView } from '../processes/index.js';
import { toProblem } from './problem.js';

/** Where a {@link journalStream} gets its events from and how it shows them. */
export interface JournalStreamOptions {
  /** Last version that the client has. */
  readonly after: number;
  /** The journal after that version, then every new event; ends when the run is final or the signal is aborted. */
  readonly watch: (signal: AbortSignal) => AsyncIterable<ProcessEventView>;
  readonly show: (event: ProcessEventView) => object;
  /** What the closing `end` event says. */
  readonly end: () => Promise<object>;
  /** Milliseconds between two heartbeats. */
  readonly heartbeat: number;
  /** Ends the stream without an `end` event, so that the client comes back to another node. */
  readonly stop: AbortSignal;
}

/**
 * A journal as server-sent events: unnamed events whose id is the version, comments as heartbeat, then one `end` when
 * the run is final, or one `problem` when the journal cannot be read any further.
 */
export function journalStream(options: JournalStreamOptions): Observable<MessageEvent> {
  return new Observable<MessageEvent>((client) => {
    const left = new AbortController();
    const cursor = { version: options.after };
    const stop = (): void => client.complete();
    const heartbeat = setInterval(() => {
      client.next({ comment: 'heartbeat', id: String(cursor.version) });
    }, options.heartbeat);
    heartbeat.unref();
    options.stop.addEventListener('abort', stop);
    void pump(client, cursor, options, left.signal);
    return () => {
      clearInterval(heartbeat);
      options.stop.removeEventListener('abort', stop);
      left.abort();
    };
  });
}

async function pump(
  client: Subscriber<MessageEvent>,
  cursor: { version: number },
  { watch, show, end }: JournalStreamOptions,
  signal: AbortSignal,
): Promise<void> {
  // Nest numbers messages without an id from 1 on, which would send a client that comes back to the beginning.
  const message = (type: string | undefined, data: object): MessageEvent => ({
    ...(type === undefined ? {} : { type }),
    id: String(cursor.version),
    data,
  });
  try {
    for await (const event of watch(signal)) {
      if (signal.aborted) break;
      cursor.version = event.version;
      client.next(message(undefined, show(event)));
    }
    if (!signal.aborted) client.next(message('end', await end()));
  } catch (error) {
    if (!signal.aborted) client.next(message('problem', toProblem(error)));
  }
  client.complete();
}
