import type { Store } from '@catga/core';
import type { DynamicModule } from '@nestjs/common';

/** Where the nodes of a test meet. Plain data: it goes to node programs as JSON. */
export interface Place {
  readonly kind: 'sqlite' | 'redis' | 'nats';
  /** Of the server, or the path of the file. */
  readonly url: string;
  /** Keeps tests on one server apart. */
  readonly name: string;
  /** Of each subscription. Left out: as many as the transport makes. */
  readonly partitions?: number;
}

/** A store of its own connection, not open yet. */
export function storeAt(place: Place): Store;

/** The module that makes this place the store of an application, and its transport where it is one. */
export function moduleAt(place: Place): DynamicModule;
