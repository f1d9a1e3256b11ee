import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';

/** One line of an order. */
export class OrderItem {
  @ApiProperty({ example: 1 })
  @IsInt()
  @Min(1)
  readonly productId!: number;

  @ApiProperty({ example: 2 })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  readonly quantity!: number;

  /** Price of one piece. */
  @ApiProperty({ example: 18.5 })
  @IsNumber()
  @Min(0)
  @Max(1_000_000)
  readonly unitPrice!: number;

  /** Share that is taken off, 0 to 1. Default 0. */
  @ApiProperty({ example: 0.1, required: false, default: 0 })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  readonly discount?: number;
}

/** What the lines cost together, rounded to cents. */
export function amountOf(items: readonly OrderItem[]): number {
  const sum = items.reduce((total, item) => total + item.quantity * item.unitPrice * (1 - (item.discount ?? 0)), 0);
  return Math.round(sum * 100) / 100;
}
