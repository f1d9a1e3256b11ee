import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Transport } from './transport/index.js';

/**
 * Opens the transport before anybody can use it and closes it after everybody has stopped, as `StoreHost` does with the
 * store. `Transport` is provided out of this host, so whoever injects it is initialised later and shut down earlier.
 */
export class TransportHost implements OnModuleInit, OnApplicationShutdown {
  private opening: Promise<void> | undefined;

  constructor(readonly transport: Transport) {}

  onModuleInit(): Promise<void> {
    return this.ready();
  }

  /** Opens the transport once; for code that runs before Nest has initialised `CatgaModule`. */
  ready(): Promise<void> {
    return (this.opening ??= this.transport.open());
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.opening === undefined) return;
    // One that could not be opened has nothing to close; its error went to whoever started the application.
    const isOpen = await this.opening.then(
      () => true,
      () => false,
    );
    this.opening = undefined;
    if (isOpen) await this.transport.close();
  }
}
