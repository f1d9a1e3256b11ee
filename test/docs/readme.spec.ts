import { Injectable } from '@nestjs/common';
import {
  AggregateRepository,
  CatgaModule,
  EventLog,
  InjectRepository,
  ProjectionManager,
  ReadModels,
} from '@catga/core';
import { Order, OrderPlaced, Revenue, RevenueProjection } from './readme.example.js';
import { closeApps, startApp } from './support/start-app.js';

@Injectable()
class Shop {
  constructor(@InjectRepository(Order) readonly orders: AggregateRepository<Order>) {}
}

afterEach(closeApps);

describe('the README', () => {
  it('shows an aggregate and a read model that counts each of its events once', async () => {
    const app = await startApp({
      imports: [CatgaModule.forRoot(), CatgaModule.forFeature([Order])],
      providers: [RevenueProjection, Shop],
    });
    const { orders } = app.get(Shop);
    await orders.updateOrCreate('1', (order) => order.place('France', 12.5));
    await orders.updateOrCreate('1', (order) => order.place('France', 12.5)); // placed already
    await Promise.all(['2', '3'].map((id) => orders.updateOrCreate(id, (order) => order.place('France', 10))));

    const [first, ...more] = await app.get(EventLog).read('order-1');
    expect(first?.event).toEqual(new OrderPlaced('1', 'France', 12.5));
    expect(more).toEqual([]);
    const { position } = await app.get(EventLog).append('order-4', [new OrderPlaced('4', 'Spain', 1)]);
    await app.get(ProjectionManager).waitFor(RevenueProjection, position);
    const revenue = app.get(ReadModels).of(RevenueProjection, Revenue);
    expect(await revenue.get('France')).toBe(32.5);
    await app.get(ProjectionManager).rebuild(RevenueProjection);
    await app.get(ProjectionManager).rebuilt(RevenueProjection);
    expect(await revenue.get('France')).toBe(32.5);
  });
});
