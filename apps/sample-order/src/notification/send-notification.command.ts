import { Command } from '@catga/core';

/** What a sent notification hands out. */
export interface Notification {
  readonly notificationId: string;
}

/** Tells a customer how an order is getting on. */
export class SendNotification extends Command<Notification> {
  constructor(
    readonly customerId: string,
    readonly orderId: string,
    readonly subject: string,
  ) {
    super();
  }
}
