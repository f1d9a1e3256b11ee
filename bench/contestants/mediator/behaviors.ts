import {
  CatgaModule,
  Command,
  CommandHandler,
  Mediator,
  type HandlerContext,
  type Next,
  type PipelineBehavior,
} from '@catga/core';
import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';

class Work extends Command<number> {
  constructor(readonly value: number) {
    super();
  }
}

@CommandHandler(Work)
class WorkHandler {
  async execute(command: Work): Promise<number> {
    return command.value;
  }
}

class Outer implements PipelineBehavior {
  async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return await next(message, context);
  }
}
class Middle implements PipelineBehavior {
  async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return await next(message, context);
  }
}
class Inner implements PipelineBehavior {
  async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return await next(message, context);
  }
}

/** `mediator.send` through three async behaviours. */
export default async function behaviors(): Promise<Contestant> {
  const app = await bootContext({
    imports: [CatgaModule.forRoot({ mediator: { behaviors: [Outer, Middle, Inner] }, endpoints: false })],
    providers: [WorkHandler],
  });
  const mediator = app.get(Mediator);
  const command = new Work(1);
  return {
    close: () => app.close(),
    async run(operations) {
      for (let i = 0; i < operations; i++) await mediator.send(command);
    },
  };
}
