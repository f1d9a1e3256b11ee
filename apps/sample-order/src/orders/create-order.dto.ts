import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsNotEmpty, IsString, MaxLength, ValidateNested } from 'class-validator';
import { OrderItem } from './order-item.js';

/** Body of `POST /orders`. */
export class CreateOrderDto {
  @ApiProperty({
    example: '10248',
    description: 'Chosen by the client: a repetition gets the answer of the first time.',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  readonly orderId!: string;

  @ApiProperty({ example: 'VINET' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  readonly customerId!: string;

  @ApiProperty({ example: "59 rue de l'Abbaye, Reims, 51100, France" })
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  readonly address!: string;

  @ApiProperty({ type: [OrderItem] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(1_000)
  @ValidateNested({ each: true })
  @Type(() => OrderItem)
  readonly items!: OrderItem[];
}
