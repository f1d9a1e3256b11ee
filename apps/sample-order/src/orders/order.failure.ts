import { HttpException } from '@nestjs/common';
import { DomainError, ProcessFailedError } from '@catga/core';

/** What HTTP calls the refusals of the business. Others are 422. */
const STATUS: Readonly<Record<string, number>> = {
  CARD_DECLINED: 402,
  OUT_OF_STOCK: 409,
  UNKNOWN_PRODUCT: 422,
};

/**
 * The answer for an order that failed: the code of whoever refused it, or 502 when a gateway never got through.
 * Whatever had been done is undone by then. Undefined for an error that says nothing about the order itself.
 */
export function refusalOf(error: unknown, orderId: string): HttpException | undefined {
  if (!(error instanceof ProcessFailedError)) return undefined;
  const cause = error.cause as { code?: string; message?: string };
  const code = cause.code ?? 'ORDER_FAILED';
  const status = STATUS[code] ?? (isRefusal(cause) ? 422 : 502);
  return new HttpException({ code, message: cause.message, orderId, processId: error.processId }, status, {
    cause: error,
  });
}

/** By name as well: after a restart the error comes back from the journal, without its class. */
function isRefusal(cause: object): boolean {
  return cause instanceof DomainError || (cause as { name?: unknown }).name === 'DomainError';
}
