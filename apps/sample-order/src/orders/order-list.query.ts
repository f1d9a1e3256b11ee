import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** Query of `GET /orders`. */
export class OrderListQuery {
  @ApiProperty({ required: false, enum: ['placed', 'completed', 'cancelled'] })
  @IsOptional()
  @IsIn(['placed', 'completed', 'cancelled'])
  readonly status?: string;

  @ApiProperty({ required: false, example: 'c-1' })
  @IsOptional()
  @IsString()
  readonly customerId?: string;

  @ApiProperty({ required: false, example: 'France' })
  @IsOptional()
  @IsString()
  readonly country?: string;

  @ApiProperty({ required: false, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  readonly limit?: number;

  @ApiProperty({ required: false, description: '`cursor` of the page before.' })
  @IsOptional()
  @IsString()
  readonly cursor?: string;
}

/** All parameters of `GET /orders`. */
export const ORDER_LIST_PARAMETERS = [
  'status',
  'customerId',
  'country',
  'limit',
  'cursor',
] as const satisfies readonly (keyof OrderListQuery)[];

/** The tags that the orders looked for have. */
export function tagsOf({ status, customerId, country }: OrderListQuery): string[] {
  return [
    ...(status === undefined ? [] : [`status:${status}`]),
    ...(customerId === undefined ? [] : [`customer:${customerId}`]),
    ...(country === undefined ? [] : [`country:${country}`]),
  ];
}
