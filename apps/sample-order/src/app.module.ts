import { CatgaModule, CatgaProblemFilter, CatgaValidationPipe } from '@catga/core';
import { CatgaHealthModule } from '@catga/core/health';
import { CatgaSqliteModule } from '@catga/sqlite';
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { join } from 'node:path';
import { Configuration } from './configuration.js';
import { ConfigurationModule } from './configuration.module.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { OrdersModule } from './orders/orders.module.js';
import { RevenueModule } from './revenue/revenue.module.js';

@Module({
  imports: [
    ConfigurationModule,
    // A customer waits for the answer, so a gateway that failed is tried again soon.
    CatgaModule.forRoot({ processes: { defaultBackoff: '200ms' } }),
    CatgaSqliteModule.forRootAsync({
      inject: [Configuration],
      useFactory: ({ dataFolder }: Configuration) => ({ path: join(dataFolder, 'catga.db') }),
    }),
    OrdersModule,
    RevenueModule,
    LedgerModule,
    CatgaHealthModule.forRoot(),
  ],
  providers: [
    // Bodies are checked against the rules of their class, and every error is answered as problem+json.
    { provide: APP_PIPE, useClass: CatgaValidationPipe },
    { provide: APP_FILTER, useClass: CatgaProblemFilter },
  ],
})
export class AppModule {}
