import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** Which rows of a ledger to show. */
export class LedgerQuery {
  @ApiProperty({ required: false, description: 'Only rows of this order.' })
  @IsOptional()
  @IsString()
  readonly orderId?: string;

  @ApiProperty({ required: false, default: 10_000, maximum: 10_000 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(10_000)
  readonly limit?: number;

  @ApiProperty({ required: false, description: 'From the `Link` header of the page before.' })
  @IsOptional()
  @IsString()
  readonly cursor?: string;
}

/** All parameters of a ledger. */
export const LEDGER_PARAMETERS = ['orderId', 'limit', 'cursor'] as const satisfies readonly (keyof LedgerQuery)[];
