import { CatgaModule, EventHandler, Mediator } from '@catga/core';
import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';

class Happened {
  constructor(readonly value: number) {}
}
let handled = 0;

@EventHandler(Happened)
class First {
  async handle(event: Happened): Promise<void> {
    handled += event.value;
  }
}
@EventHandler(Happened)
class Second {
  async handle(event: Happened): Promise<void> {
    handled += event.value;
  }
}
@EventHandler(Happened)
class Third {
  async handle(event: Happened): Promise<void> {
    handled += event.value;
  }
}

/** `mediator.publish` to three handlers, awaited: resolves when all have ended. */
export default async function catgaPublish(): Promise<Contestant> {
  const app = await bootContext({
    imports: [CatgaModule.forRoot({ endpoints: false })],
    providers: [First, Second, Third],
  });
  const mediator = app.get(Mediator);
  const event = new Happened(1);
  return {
    close: () => app.close(),
    async run(operations) {
      handled = 0;
      for (let i = 0; i < operations; i++) await mediator.publish(event);
      if (handled !== operations * 3) throw new Error(`${handled} of ${operations * 3} handlers ran`);
    },
  };
}
