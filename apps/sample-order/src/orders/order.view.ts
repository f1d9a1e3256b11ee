import type { ProcessDetails, ProcessStatus } from '@catga/core';
import type { CreateOrder, OrderResult } from './create-order.command.js';

/** What `GET /orders/:id` tells. */
export interface OrderView {
  readonly orderId: string;
  readonly processId: string;
  readonly status: ProcessStatus;
  readonly customerId: string;
  readonly amount: number;
  /** Of a completed order. */
  readonly result?: OrderResult;
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string };
  /** Steps that had been done and are undone. */
  readonly undone: readonly string[];
  /** Why it is where it is, in one sentence. */
  readonly explanation: string;
}

/** An order as customers see it, without the machinery of its process. */
export function toOrderView(orderId: string, run: ProcessDetails): OrderView {
  const { customerId, amount } = run.input as CreateOrder;
  return {
    orderId,
    processId: run.id,
    status: run.status,
    customerId,
    amount,
    ...(run.status === 'completed' && { result: run.result as OrderResult }),
    ...(run.error && { error: { code: run.error.code ?? 'ORDER_FAILED', message: run.error.message } }),
    undone: run.steps.filter((step) => step.status === 'compensated').map((step) => step.name),
    explanation: run.explanation,
  };
}
