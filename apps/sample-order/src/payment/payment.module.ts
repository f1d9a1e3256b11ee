import { Module } from '@nestjs/common';
import { GatewayModule } from '../gateway/gateway.module.js';
import { PaymentLedger } from './payment.ledger.js';
import { ProcessPaymentHandler } from './process-payment.handler.js';
import { RefundPaymentHandler } from './refund-payment.handler.js';

@Module({
  imports: [GatewayModule],
  providers: [PaymentLedger, ProcessPaymentHandler, RefundPaymentHandler],
  exports: [PaymentLedger],
})
export class PaymentModule {}
