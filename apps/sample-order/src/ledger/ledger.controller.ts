import { Controller, Get, NotFoundException, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { InventoryLedger } from '../inventory/inventory.ledger.js';
import { StockLedger } from '../inventory/stock.ledger.js';
import { NotificationLedger } from '../notification/notification.ledger.js';
import { onlyParameters } from '../only-parameters.pipe.js';
import { PaymentLedger } from '../payment/payment.ledger.js';
import { ShipmentLedger } from '../shipment/shipment.ledger.js';
import { LEDGER_PARAMETERS, LedgerQuery } from './ledger.dto.js';
import type { LedgerRow, RowDetails } from './ledger-row.js';
import type { LedgerPage } from './ledger.js';

const NAMES = ['inventory', 'payment', 'notification', 'shipment', 'stock'];

/** A ledger whose rows may have any details. */
interface ReadableLedger {
  readonly name: string;
  page(query: { orderId?: string; limit: number; cursor?: string }): Promise<LedgerPage<RowDetails>>;
}

/** What the services behind the mediator have done, for everybody to check. */
@ApiTags('ledger')
@Controller('ledger')
export class LedgerController {
  private readonly ledgers: ReadonlyMap<string, ReadableLedger>;

  constructor(
    inventory: InventoryLedger,
    payment: PaymentLedger,
    notification: NotificationLedger,
    shipment: ShipmentLedger,
    stock: StockLedger,
  ) {
    const all: ReadableLedger[] = [inventory, payment, notification, shipment, stock];
    this.ledgers = new Map(all.map((ledger) => [ledger.name, ledger]));
  }

  @Get(':name')
  @ApiOperation({ summary: 'Rows of a ledger, oldest first; a `Link` header names the next page' })
  @ApiParam({ name: 'name', enum: NAMES })
  async rows(
    @Param('name') name: string,
    @Query(onlyParameters(LEDGER_PARAMETERS)) { limit = 10_000, ...query }: LedgerQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<readonly LedgerRow[]> {
    const ledger = this.ledgers.get(name);
    if (!ledger) throw new NotFoundException(`There is no ledger "${name}". There are: ${NAMES.join(', ')}.`);
    const { rows, cursor } = await ledger.page({ limit, ...query });
    if (cursor) response.setHeader('Link', `<${nextPage(name, limit, cursor, query.orderId)}>; rel="next"`);
    return rows;
  }
}

function nextPage(name: string, limit: number, cursor: string, orderId?: string): string {
  const query = new URLSearchParams({ limit: String(limit), cursor, ...(orderId === undefined ? {} : { orderId }) });
  return `/ledger/${name}?${query}`;
}
