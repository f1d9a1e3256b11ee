import { randomUUID } from 'node:crypto';
import type { StoreUnavailableError } from '@catga/core';
import { lossError } from './store.errors.js';

/** Version of the layout of keys. A store written by a newer release is refused. */
export const SCHEMA = 1;

/**
 * What this client knows of the store: which one it is, and how far it was seen to go. Sent with every script, so that a
 * store that has lost something is noticed by the next call, whatever happened to the connection.
 */
export class StoreIdentity {
  /** Random, made with the store. */
  epoch = '';
  /** Highest position seen. */
  seen = 0;
  /** Set once something was lost: from then on nothing works until the application is started again. */
  loss: StoreUnavailableError | undefined;
  /** This client, for groups of commits and for notices. */
  readonly client = randomUUID();

  constructor(readonly name: string) {}

  /** Notes how far the store goes. */
  saw(position: number): void {
    if (position > this.seen) this.seen = position;
  }

  /** Notes that the store is not what it was. Returns the error to throw from now on. */
  lost(error: unknown): StoreUnavailableError {
    return (this.loss ??= lossError(this.name, error, this.seen));
  }
}
