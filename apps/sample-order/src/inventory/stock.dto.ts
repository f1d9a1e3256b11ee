import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** Most pieces that a request may name: enough, and far from where numbers lose their precision. */
const MOST_PIECES = 1_000_000_000;

/** Which product a path means. */
export class ProductParams {
  @ApiProperty({ example: 1 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  readonly productId!: number;
}

/** How many pieces are there now. */
export class CountDto {
  @ApiProperty({ example: 100 })
  @IsInt()
  @Min(0)
  @Max(MOST_PIECES)
  readonly quantity!: number;
}

/** How many pieces come in. */
export class RestockDto {
  @ApiProperty({ example: 50 })
  @IsInt()
  @Min(1)
  @Max(MOST_PIECES)
  readonly quantity!: number;
}
