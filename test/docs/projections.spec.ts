import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EventLog } from '@catga/core';
import { forProjection } from '@catga/testing';
import { AppModule, OrderList, OrderPlaced, Orders, OrderShipped, Revenue } from './projections.example.js';

describe('the guide to projections', () => {
  it('tells how to test one', async () => {
    await forProjection(OrderList)
      .given(new OrderPlaced('1', 'de', 10))
      .when(new OrderShipped('1'))
      .thenModel({ '1': { id: '1', country: 'de', amount: 10, status: 'shipped' } }, Orders);
    await forProjection(OrderList)
      .given(new OrderPlaced('1', 'de', 10))
      .when(new OrderPlaced('2', 'de', 5))
      .thenModel({ de: { total: 15 } }, Revenue);
    expect(await forProjection(OrderList).when(new OrderShipped('1')).value('1', Orders)).toBeUndefined();
  });

  it('makes an application that reads its own writes', async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app: INestApplication = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    try {
      const url = await app.getUrl();
      await app.get(EventLog).append('order-7', [new OrderPlaced('7', 'uk', 3)]);
      const shipped = await fetch(`${url}/orders/7/ship`, { method: 'POST' });
      expect(await shipped.json()).toEqual({ id: '7', country: 'uk', amount: 3, status: 'shipped' });
      expect(await (await fetch(`${url}/orders?status=shipped`)).json()).toHaveLength(1);
      expect(await (await fetch(`${url}/orders?status=placed`)).json()).toEqual([]);
      expect((await fetch(`${url}/orders/8`)).status).toBe(404);
    } finally {
      await app.close();
    }
  });
});
