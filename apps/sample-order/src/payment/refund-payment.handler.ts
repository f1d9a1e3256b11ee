import { CommandHandler, type MessageContext } from '@catga/core';
import { Gateway } from '../gateway/gateway.js';
import { callKey } from '../ledger/call-key.js';
import type { Decision } from '../ledger/ledger.js';
import { PaymentLedger, type PaymentRow } from './payment.ledger.js';
import { RefundPayment } from './refund-payment.command.js';

@CommandHandler(RefundPayment)
export class RefundPaymentHandler {
  constructor(
    private readonly gateway: Gateway,
    private readonly ledger: PaymentLedger,
  ) {}

  async execute({ orderId }: RefundPayment, context: MessageContext): Promise<void> {
    await this.gateway.call(context.signal, () => this.ledger.once(callKey(context), () => this.refund(orderId)));
  }

  private async refund(orderId: string): Promise<Decision<PaymentRow>> {
    const call = { kind: 'refund', orderId } as const;
    const [charge] = await this.ledger.standing(orderId, 'charged');
    if (!charge) return { row: { ...call, status: 'nothing-to-do', amount: 0 } };

    const { amount, transactionId } = charge.row;
    return {
      row: { ...call, status: 'done', amount, ...(transactionId && { transactionId }) },
      effects: [this.ledger.amend(charge, { status: 'refunded' })],
    };
  }
}
