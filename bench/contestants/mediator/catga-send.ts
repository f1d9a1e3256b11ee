import { CatgaModule, CommandHandler, Mediator } from '@catga/core';
import type { Type } from '@nestjs/common';
import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';
import { makePairs } from './twenty-types.js';

/** `mediator.send`, awaited. */
export default async function catgaSend(types: string): Promise<Contestant> {
  const pairs = await makePairs(Number(types));
  for (const { command, handler } of pairs) CommandHandler(command as Type)(handler as never);
  const app = await bootContext({
    imports: [CatgaModule.forRoot({ endpoints: false })],
    providers: pairs.map(({ handler }) => handler),
  });
  const mediator = app.get(Mediator);
  const commands = pairs.map(({ command }) => new command(1));
  const close = () => app.close();
  if (commands.length === 1) {
    const [command] = commands as [object];
    return {
      close,
      async run(operations) {
        for (let i = 0; i < operations; i++) await mediator.send(command);
      },
    };
  }
  return {
    close,
    async run(operations) {
      for (let i = 0, at = 0; i < operations; i++) {
        await mediator.send(commands[at] as object);
        if (++at === commands.length) at = 0;
      }
    },
  };
}
