import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';
import { makePairs } from './twenty-types.js';

/** The floor: the handler's method, awaited. */
export default async function direct(types: string): Promise<Contestant> {
  const app = await bootContext({});
  const close = (): Promise<void> => app.close();
  const pairs = await makePairs(Number(types));
  const handlers = pairs.map(({ handler }) => new handler());
  const commands = pairs.map(({ command }) => new command(1));
  if (pairs.length === 1) {
    const [handler] = handlers as [(typeof handlers)[0]];
    const [command] = commands as [object];
    return {
      close,
      async run(operations) {
        for (let i = 0; i < operations; i++) await handler.execute(command);
      },
    };
  }
  return {
    close,
    async run(operations) {
      for (let i = 0, at = 0; i < operations; i++) {
        await (handlers[at] as (typeof handlers)[0]).execute(commands[at] as object);
        if (++at === handlers.length) at = 0;
      }
    },
  };
}
