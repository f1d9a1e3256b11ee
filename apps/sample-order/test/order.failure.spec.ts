import { DomainError, ProcessFailedError, ProcessNotFoundError } from '@catga/core';
import { refusalOf } from '../src/orders/order.failure.js';
import { GatewayError } from '../src/gateway/gateway.js';

const failed = (cause: unknown) => refusalOf(new ProcessFailedError('OrderProcess:1', cause), '1');

describe('the answer for an order that failed', () => {
  it.each([
    ['CARD_DECLINED', 402],
    ['OUT_OF_STOCK', 409],
    ['UNKNOWN_PRODUCT', 422],
    ['SOMETHING_NEW', 422],
  ])('to a refusal with %s is %i with that code', (code, status) => {
    const answer = failed(new DomainError('no', { code }));
    expect(answer?.getStatus()).toBe(status);
    expect(answer?.getResponse()).toEqual({ code, message: 'no', orderId: '1', processId: 'OrderProcess:1' });
  });

  it('to a gateway that never got through is 502', () => {
    expect(failed(new GatewayError())?.getStatus()).toBe(502);
  });

  it('is the same when the error comes back from the journal without its class', () => {
    expect(failed({ name: 'DomainError', message: 'no', code: 'SOMETHING_NEW' })?.getStatus()).toBe(422);
    expect(failed({ name: 'GatewayError', message: 'no', code: 'GATEWAY_UNAVAILABLE' })?.getStatus()).toBe(502);
    expect(failed({ name: 'Error', message: 'no' })?.getResponse()).toMatchObject({ code: 'ORDER_FAILED' });
  });

  it('leaves errors alone that say nothing about the order', () => {
    expect(refusalOf(new ProcessNotFoundError('OrderProcess:1'), '1')).toBeUndefined();
  });
});
