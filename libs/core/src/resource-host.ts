import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Store } from './store/index.js';
import type { Transport } from './transport/index.js';

interface Resource {
  open(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a resource before anybody can use it and closes it after everybody has stopped. The resource is provided out of
 * its host, so whoever injects it stands above it in Nest's order of hooks: initialised later, shut down earlier.
 */
abstract class ResourceHost<R extends Resource> implements OnModuleInit, OnApplicationShutdown {
  private opening: Promise<void> | undefined;

  constructor(readonly resource: R) {}

  onModuleInit(): Promise<void> {
    return this.ready();
  }

  /** Opens the resource once; for code that runs before Nest has initialised `CatgaModule`, e.g. in another global module. */
  ready(): Promise<void> {
    return (this.opening ??= this.resource.open());
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.opening === undefined) return;
    // One that could not be opened has nothing to close; its error went to whoever started the application.
    const isOpen = await this.opening.then(
      () => true,
      () => false,
    );
    this.opening = undefined;
    if (isOpen) await this.resource.close();
  }
}

/** `Store` is provided out of it. */
export class StoreHost extends ResourceHost<Store> {}

/** `Transport` is provided out of it. */
export class TransportHost extends ResourceHost<Transport> {}
