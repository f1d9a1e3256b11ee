import { CatgaModule, CatgaProblemFilter, CatgaValidationPipe } from '@catga/core';
import { CatgaHealthModule } from '@catga/core/health';
import { Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Configuration } from './configuration.js';
import { ConfigurationModule } from './configuration.module.js';
import { infrastructure } from './infrastructure.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { OrderCompleted } from './orders/order.events.js';
import { OrdersModule } from './orders/orders.module.js';
import { RevenueModule } from './revenue/revenue.module.js';

@Module({
  imports: [
    ConfigurationModule,
    CatgaModule.forRootAsync({
      inject: [Configuration],
      useFactory: ({ lease }: Configuration) => ({
        // A customer waits for the answer, so a gateway that failed is tried again soon.
        processes: { defaultBackoff: '200ms', lease },
        projections: { lease },
        // What is appended to the log is also told to other parts, through the transport, once each.
        messaging: { qos: 2, outbox: { events: [OrderCompleted], lease } },
      }),
    }),
    ...infrastructure(new Configuration()),
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
