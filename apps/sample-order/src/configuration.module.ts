import { Global, Module } from '@nestjs/common';
import { Configuration } from './configuration.js';

/** Makes the one {@link Configuration} injectable everywhere. */
@Global()
@Module({
  providers: [{ provide: Configuration, useFactory: () => new Configuration() }],
  exports: [Configuration],
})
export class ConfigurationModule {}
