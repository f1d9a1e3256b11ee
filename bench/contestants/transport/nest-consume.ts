import { lastValueFrom } from 'rxjs';
import type { Contestant, Figures } from '../contestant.js';
import { BACKLOG, IN_FLIGHT } from './backlog.js';
import { Feeder } from './feeder.js';
import { flood } from './flood.js';
import { nestOnNats } from './nest-nats.js';
import { orderPaid } from './order-paid.js';

/** Nest's own NATS transport with an `@EventPattern` handler: fed by another process, and by `emit` in this one. */
export default async function nestConsume(url: string): Promise<Contestant> {
  const { app, client, tally, event } = await nestOnNats(url);
  const feeder = await Feeder.start(url, event, 'nest');
  return {
    warmUp: 1_000,
    async close() {
      feeder.stop();
      await app.close();
    },
    async run(): Promise<Figures> {
      const fed = tally.expect(BACKLOG);
      feeder.send(BACKLOG);
      await fed;
      const alone = tally.result();

      const handled = tally.expect(BACKLOG);
      tally.begin();
      await flood(BACKLOG, IN_FLIGHT, (number) =>
        lastValueFrom(client.emit(event, orderPaid(number)), { defaultValue: 0 }),
      );
      await handled;
      const both = tally.result();
      return { rate: alone.rate, cpu: alone.cpu, through: both.rate, throughCpu: both.cpu };
    },
  };
}
