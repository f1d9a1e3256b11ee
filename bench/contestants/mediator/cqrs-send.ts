import { CommandBus, CommandHandler, CqrsModule, type ICommand } from '@nestjs/cqrs';
import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';
import { makePairs } from './twenty-types.js';

/** `CommandBus.execute` of @nestjs/cqrs, awaited. */
export default async function cqrsSend(types: string): Promise<Contestant> {
  const pairs = await makePairs(Number(types));
  for (const { command, handler } of pairs) CommandHandler(command)(handler);
  const app = await bootContext({ imports: [CqrsModule.forRoot()], providers: pairs.map(({ handler }) => handler) });
  const bus = app.get(CommandBus);
  const commands = pairs.map(({ command }) => new command(1) as ICommand);
  const close = () => app.close();
  if (commands.length === 1) {
    const [command] = commands as [ICommand];
    return {
      close,
      async run(operations) {
        for (let i = 0; i < operations; i++) await bus.execute(command);
      },
    };
  }
  return {
    close,
    async run(operations) {
      for (let i = 0, at = 0; i < operations; i++) {
        await bus.execute(commands[at] as ICommand);
        if (++at === commands.length) at = 0;
      }
    },
  };
}
