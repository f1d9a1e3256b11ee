import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Type } from '../../messages/index.js';
import type { ProjectionOptions } from './projection.options.js';

const WATERMARK = '__injectable__';
const Discoverable = DiscoveryService.createDecorator<ProjectionOptions>();

/** Key for `DiscoveryService.getProviders({ metadataKey })`, which then gives the projection classes. */
export const PROJECTION_METADATA_KEY: string = Discoverable.KEY;

/**
 * Makes a class a projection: its `@On` methods turn events into read models. Also makes it injectable. Its options are
 * checked when the application starts.
 *
 * @example
 * ```ts
 * const Orders = readModel<OrderView>('orders', { tags: (order) => [`status:${order.status}`] });
 *
 * @Projection({ name: 'order-list', models: [Orders] })
 * export class OrderList {
 *   @On(OrderPlaced)
 *   placed(event: OrderPlaced, ctx: ProjectionContext) {
 *     ctx.model(Orders).put(event.orderId, { id: event.orderId, status: 'placed' });
 *   }
 * }
 * ```
 */
export function Projection(options: ProjectionOptions): ClassDecorator {
  return (target) => {
    // Bottom-up: an @Injectable() below has spoken already, and a second one would wipe out its options.
    if (!Reflect.hasOwnMetadata(WATERMARK, target)) Injectable()(target);
    Discoverable({ ...options })(target);
  };
}

/** What {@link Projection} was told about this very class; undefined for other classes and for mere subclasses. */
export function readProjectionOptions(target: Type<object>): ProjectionOptions | undefined {
  return Reflect.getOwnMetadata(PROJECTION_METADATA_KEY, target) as ProjectionOptions | undefined;
}
