import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Processes, ReadModels, TimeTravel } from '@catga/core';
import type { Response } from 'express';
import { onlyParameters } from '../only-parameters.pipe.js';
import { CreateOrder, type OrderResult } from './create-order.command.js';
import { CreateOrderDto } from './create-order.dto.js';
import { amountOf } from './order-item.js';
import { Order } from './order.aggregate.js';
import { refusalOf } from './order.failure.js';
import { OrderLines, OrderListProjection, type OrderLine } from './order-list.projection.js';
import { ORDER_LIST_PARAMETERS, OrderListQuery, tagsOf } from './order-list.query.js';
import { OrderProcess } from './order.process.js';
import { toHistory, type OrderEvent } from './order-history.js';
import { toOrderView, type OrderView } from './order.view.js';

/** Orders over HTTP: each one is a run of {@link OrderProcess} whose id is the order's. */
@ApiTags('orders')
@Controller('orders')
export class OrdersController {
  constructor(
    private readonly processes: Processes,
    private readonly models: ReadModels,
    private readonly timeTravel: TimeTravel,
  ) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Carry out an order; the same orderId again gets the same answer and is not charged twice' })
  @ApiHeader({ name: 'Prefer', required: false, description: '`respond-async`: answer as soon as the order is safe.' })
  @ApiResponse({ status: 201, description: 'Completed.' })
  @ApiResponse({ status: 202, description: 'Accepted; GET what `Location` names to see how it goes on.' })
  @ApiResponse({ status: 402, description: 'CARD_DECLINED. What had been done is undone.' })
  @ApiResponse({ status: 409, description: 'OUT_OF_STOCK.' })
  @ApiResponse({ status: 422, description: 'Invalid body, or UNKNOWN_PRODUCT.' })
  @ApiResponse({ status: 502, description: 'A gateway failed until all attempts were used up; everything is undone.' })
  async create(
    @Body() body: CreateOrderDto,
    @Res({ passthrough: true }) response: Response,
    @Headers('prefer') prefer?: string,
  ): Promise<OrderResult | { processId: string }> {
    const { orderId, customerId, address, items, country } = body;
    const command = new CreateOrder(orderId, customerId, address, items, amountOf(items), country);
    const run = await this.processes.start(OrderProcess, command);
    response.location(`/orders/${encodeURIComponent(orderId)}`);
    if (wantsAsync(prefer)) {
      response.status(202).setHeader('Preference-Applied', 'respond-async');
      return { processId: run.id };
    }
    try {
      return await run.result();
    } catch (error) {
      throw refusalOf(error, orderId) ?? error;
    }
  }

  @Get()
  @ApiOperation({ summary: 'All orders in the order in which they came; give `cursor` back for the next page' })
  @ApiResponse({ status: 400, description: 'A parameter that is unknown or cannot be used.' })
  async list(@Query(onlyParameters(ORDER_LIST_PARAMETERS)) list: OrderListQuery): Promise<OrderPage> {
    const { limit = 100, cursor, ...query } = list;
    const lines = this.models.of(OrderListProjection, OrderLines);
    const page = await lines.find({ tags: tagsOf(query), limit, ...(cursor === undefined ? {} : { cursor }) });
    const orders = page.items.map(({ value }) => value);
    return page.cursor === undefined ? { orders } : { orders, cursor: page.cursor };
  }

  @Get(':orderId/history')
  @ApiOperation({ summary: 'What has happened to an order: each event, when, of which process, and what it changed' })
  @ApiResponse({ status: 404, description: 'No such order.' })
  async history(@Param('orderId') orderId: string): Promise<OrderEvent[]> {
    return toHistory(await this.timeTravel.audit(Order, orderId));
  }

  @Get(':orderId')
  @ApiOperation({ summary: 'Status and result of an order' })
  @ApiResponse({ status: 404, description: 'No such order.' })
  async get(@Param('orderId') orderId: string): Promise<OrderView> {
    return toOrderView(orderId, await this.processes.get(`${OrderProcess.name}:${orderId}`));
  }
}

/** A page of `GET /orders`. */
interface OrderPage {
  readonly orders: readonly OrderLine[];
  readonly cursor?: string;
}

/** RFC 7240: a list of preferences, each perhaps with parameters. */
function wantsAsync(prefer = ''): boolean {
  return prefer.split(',').some((preference) => preference.split(';', 1)[0]?.trim().toLowerCase() === 'respond-async');
}
