import { Command } from '@catga/core';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { OrderItem } from './order-item.js';

/** What a completed order hands out. */
export interface OrderResult {
  readonly orderId: string;
  readonly amount: number;
  readonly inventoryId: string;
  readonly paymentId: string;
  readonly shipmentId: string;
}

/**
 * Asks for an order to be carried out; starts the `OrderProcess`. The rules stand here, so that every way in has the
 * same ones: `POST /orders`, `POST /processes/OrderProcess` and the mediator.
 */
export class CreateOrder extends Command<OrderResult> {
  @ApiProperty({ example: 'o-1', description: 'Chosen by the client: a repetition gets the answer of the first time.' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  readonly orderId: string;

  @ApiProperty({ example: 'c-1' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  readonly customerId: string;

  @ApiProperty({ example: '1 Main Street' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  readonly address: string;

  /** Where the revenue counts. Default `unknown`. */
  @ApiProperty({ example: 'France', required: false, default: 'unknown' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  readonly country?: string;

  @ApiProperty({ type: [OrderItem] })
  @ArrayNotEmpty()
  @ArrayMaxSize(1_000)
  @ValidateNested({ each: true })
  @Type(() => OrderItem)
  readonly items: readonly OrderItem[];

  /** What the items cost together; see `amountOf`. */
  @ApiProperty({ example: 36 })
  @IsNumber()
  @Min(0)
  readonly amount: number;

  constructor(
    orderId: string,
    customerId: string,
    address: string,
    items: readonly OrderItem[],
    amount: number,
    country?: string,
  ) {
    super();
    this.orderId = orderId;
    this.customerId = customerId;
    this.address = address;
    this.items = items;
    this.amount = amount;
    if (country !== undefined) this.country = country;
  }
}
