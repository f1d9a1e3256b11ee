import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Store } from './store/index.js';

/**
 * Opens the store before anybody can use it and closes it after everybody has stopped. `Store` is provided out of this
 * host, so whoever injects `Store` stands above it in Nest's order of hooks: initialised later, shut down earlier.
 */
export class StoreHost implements OnModuleInit, OnApplicationShutdown {
  private opening: Promise<void> | undefined;

  constructor(readonly store: Store) {}

  onModuleInit(): Promise<void> {
    return this.ready();
  }

  /** Opens the store once; for code that runs before Nest has initialised `CatgaModule`, e.g. in another global module. */
  ready(): Promise<void> {
    return (this.opening ??= this.store.open());
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.opening === undefined) return;
    // A store that could not be opened has nothing to close; its error went to whoever started the application.
    const isOpen = await this.opening.then(
      () => true,
      () => false,
    );
    this.opening = undefined;
    if (isOpen) await this.store.close();
  }
}
