import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';

class Receiver {
  count = 0;
  async handle(event: { value: number }): Promise<void> {
    this.count += event.value;
  }
}

/** The floor of an event with three handlers: three async methods awaited in turn. */
export default async function threeCalls(): Promise<Contestant> {
  const [a, b, c] = [new Receiver(), new Receiver(), new Receiver()];
  const event = { value: 1 };
  const app = await bootContext({});
  return {
    close: () => app.close(),
    async run(operations) {
      for (let i = 0; i < operations; i++) {
        await a.handle(event);
        await b.handle(event);
        await c.handle(event);
      }
    },
  };
}
