import { OmitType } from '@nestjs/swagger';
import { CreateOrder } from './create-order.command.js';

/** Body of `POST /orders`: the command without its amount, which is computed and never taken from the customer. */
export class CreateOrderDto extends OmitType(CreateOrder, ['amount']) {}
