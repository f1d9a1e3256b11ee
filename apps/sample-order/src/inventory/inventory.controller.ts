import { Body, Controller, Get, Headers, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CountDto, ProductParams, RestockDto } from './stock.dto.js';
import { StockKeeper } from './stock-keeper.js';
import { Stock, type StockLevel } from './stock.js';

const KEY = 'idempotency-key';
const KEY_DESCRIPTION = 'A repetition with the same key changes nothing and gets the first answer.';

/** The warehouse. */
@ApiTags('inventory')
@Controller('inventory')
export class InventoryController {
  constructor(
    private readonly stock: Stock,
    private readonly keeper: StockKeeper,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What is in stock' })
  list(): Promise<StockLevel[]> {
    return this.stock.levels();
  }

  @Put(':productId')
  @ApiOperation({ summary: 'Set how many pieces of a product there are; the product may be new' })
  @ApiHeader({ name: KEY, required: false, description: KEY_DESCRIPTION })
  count(@Param() { productId }: ProductParams, @Body() body: CountDto, @Headers(KEY) key?: string) {
    return this.keeper.count(productId, body.quantity, key);
  }

  @Post(':productId/restock')
  @HttpCode(200)
  @ApiOperation({ summary: 'Add pieces of a product; the product may be new' })
  @ApiHeader({ name: KEY, required: false, description: KEY_DESCRIPTION })
  restock(@Param() { productId }: ProductParams, @Body() body: RestockDto, @Headers(KEY) key?: string) {
    return this.keeper.restock(productId, body.quantity, key);
  }
}
