import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EventLog } from '@catga/core';
import { forProjection } from '@catga/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppModule, OrderList, OrderPlaced, Orders, OrderShipped, Revenue } from './projections.example.js';

const root = join(import.meta.dirname, '../..');
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

describe('the guide to projections', () => {
  it('shows code that this test compiles and runs', () => {
    const page = readFileSync(join(root, 'docs/projections.md'), 'utf8');
    const sources = ['projections.example.ts', 'projections.spec.ts'];
    const code = sources.map((name) => flat(readFileSync(join(import.meta.dirname, name), 'utf8'))).join(' ');
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map((found) => flat(found[1] as string));
    expect(blocks).toHaveLength(4);
    expect(blocks.filter((block) => !code.includes(block))).toEqual([]);
  });

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
