import type { EventEmitter } from 'node:events';
import { isCatgaError } from '../foundation/index.js';
import type { Transport } from '../transport/index.js';

/** What `status` of a strategy emits. `connected` also for a transport without a connection that could be lost. */
export type CatgaStatus = 'connected' | 'disconnected' | 'closed';

/** What `on` of a strategy listens to. */
export type CatgaEvents = {
  /** The connection is there, or there again. */
  connect: () => void;
  /** The connection was lost; it comes back by itself. */
  disconnect: () => void;
  /** Why the connection is away. */
  error: (error: Error) => void;
};

/**
 * Opens a transport. One of somebody else may be open already, and opens only once; Nest starts the microservices of a
 * hybrid application before its modules, so it may as well not be.
 */
export async function usable(transport: Transport, isOwn: boolean): Promise<void> {
  if (isOwn || (await isClosed(transport))) await transport.open();
}

/** Tells of the connection until the function it returns is called. */
export function watch(
  transport: Transport,
  status: { next(status: CatgaStatus): void },
  emitter: EventEmitter,
): () => void {
  status.next('connected');
  emitter.emit('connect');
  const stop = transport.onStatus?.((change) => {
    status.next(change);
    emitter.emit(change === 'connected' ? 'connect' : 'disconnect');
    if (change === 'connected') return;
    transport.ping().catch((error: unknown) => {
      // Without a listener an emitter throws.
      if (emitter.listenerCount('error') > 0) emitter.emit('error', error);
    });
  });
  return stop ?? (() => undefined);
}

async function isClosed(transport: Transport): Promise<boolean> {
  return transport.ping().then(
    () => false,
    (error: unknown) => isCatgaError(error, 'CATGA_TRANSPORT_CLOSED'),
  );
}
