import { CqrsModule, EventBus, EventsHandler } from '@nestjs/cqrs';
import { bootContext } from '../nest.js';
import { nextTurn, type Contestant } from '../contestant.js';

class Happened {
  constructor(readonly value: number) {}
}
let handled = 0;

@EventsHandler(Happened)
class First {
  async handle(event: Happened): Promise<void> {
    handled += event.value;
  }
}
@EventsHandler(Happened)
class Second {
  async handle(event: Happened): Promise<void> {
    handled += event.value;
  }
}
@EventsHandler(Happened)
class Third {
  async handle(event: Happened): Promise<void> {
    handled += event.value;
  }
}

/** `EventBus.publish` to three handlers; it does not wait for them, so every 100 events the turn ends. */
export default async function cqrsPublish(): Promise<Contestant> {
  const app = await bootContext({ imports: [CqrsModule.forRoot()], providers: [First, Second, Third] });
  const bus = app.get(EventBus);
  const event = new Happened(1);
  return {
    close: () => app.close(),
    async run(operations) {
      handled = 0;
      for (let i = 0; i < operations; i++) {
        void bus.publish(event);
        if (i % 100 === 99) await nextTurn();
      }
      await nextTurn();
      if (handled !== operations * 3) throw new Error(`${handled} of ${operations * 3} handlers ran`);
    },
  };
}
