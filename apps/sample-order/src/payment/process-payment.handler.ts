import { CommandHandler, DomainError, type MessageContext } from '@catga/core';
import { randomUUID } from 'node:crypto';
import { Configuration } from '../configuration.js';
import { Gateway } from '../gateway/gateway.js';
import { callKey } from '../ledger/call-key.js';
import type { Decision } from '../ledger/ledger.js';
import { isDeclined } from './card-check.js';
import { PaymentLedger, type PaymentRow } from './payment.ledger.js';
import { ProcessPayment, type Payment } from './process-payment.command.js';

@CommandHandler(ProcessPayment)
export class ProcessPaymentHandler {
  constructor(
    private readonly configuration: Configuration,
    private readonly gateway: Gateway,
    private readonly ledger: PaymentLedger,
  ) {}

  /** @throws {DomainError} `CARD_DECLINED` */
  async execute(command: ProcessPayment, context: MessageContext): Promise<Payment> {
    const row = await this.gateway.call(context.signal, () =>
      this.ledger.once(callKey(context), () => this.charge(command)),
    );
    if (row.status === 'declined') {
      throw new DomainError(`The card for order ${command.orderId} was declined.`, { code: 'CARD_DECLINED' });
    }
    return { transactionId: row.transactionId as string };
  }

  private charge({ orderId, amount }: ProcessPayment): Decision<PaymentRow> {
    const call = { kind: 'charge', orderId, amount } as const;
    if (isDeclined(orderId, this.configuration.declineRate)) return { row: { ...call, status: 'declined' } };
    return { row: { ...call, status: 'charged', transactionId: `TXN-${randomUUID()}` } };
  }
}
