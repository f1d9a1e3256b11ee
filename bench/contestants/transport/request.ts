import type { Contestant } from '../contestant.js';
import { ratesOf } from '../servers/levels.js';
import { orderPaidText } from './order-paid.js';
import { REQUEST_LEVELS } from './request-levels.js';
import { openTransport } from './transports.js';

/** Request and reply; both sides in this process, over the server. */
export default async function request(variant: string): Promise<Contestant> {
  const transport = await openTransport(variant);
  await transport.respond('request.price', async ({ body }) => ({ body: JSON.stringify(JSON.parse(body as string)) }));
  let number = 0;
  return {
    warmUp: 400,
    close: () => transport.close(),
    run: () =>
      ratesOf(REQUEST_LEVELS, async () => {
        const id = `request-${number}`;
        const reply = await transport.request({ id, subject: 'request.price', body: orderPaidText(number++) });
        JSON.parse(reply.body as string);
      }),
  };
}
