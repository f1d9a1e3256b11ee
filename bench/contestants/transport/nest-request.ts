import { lastValueFrom } from 'rxjs';
import type { Contestant } from '../contestant.js';
import { ratesOf } from '../servers/levels.js';
import { nestOnNats } from './nest-nats.js';
import { orderPaid } from './order-paid.js';
import { REQUEST_LEVELS } from './request-levels.js';

/** `ClientNats.send` to a `@MessagePattern` handler of the same process. */
export default async function nestRequest(url: string): Promise<Contestant> {
  const { app, client, request } = await nestOnNats(url);
  let number = 0;
  return {
    warmUp: 400,
    close: () => app.close(),
    run: () => ratesOf(REQUEST_LEVELS, () => lastValueFrom(client.send(request, orderPaid(number++)))),
  };
}
