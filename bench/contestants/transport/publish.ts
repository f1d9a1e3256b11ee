import type { Contestant } from '../contestant.js';
import { ratesOf } from '../servers/levels.js';
import { orderPaidText } from './order-paid.js';
import { PUBLISH_LEVELS } from './publish-levels.js';
import { openTransport } from './transports.js';

const SUBSCRIPTION = { name: 'bench', subjects: ['event.order-paid'] };

/** Publishing with QoS 1, one message a call, to a durable subscription whose members are away. */
export default async function publish(variant: string): Promise<Contestant> {
  const transport = await openTransport(variant);
  let number = 0;
  return {
    warmUp: 400,
    close: () => transport.close(),
    async prepare() {
      await transport.removeSubscription(SUBSCRIPTION.name);
      await (await transport.subscribe(SUBSCRIPTION, () => undefined)).stop();
    },
    run: () =>
      ratesOf(PUBLISH_LEVELS, () =>
        transport.publish([{ id: `order-${number}`, subject: 'event.order-paid', body: orderPaidText(number++) }]),
      ),
  };
}
