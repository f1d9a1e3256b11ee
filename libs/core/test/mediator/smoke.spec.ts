import { Injectable, Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  CatgaModule,
  Command,
  CommandHandler,
  EventHandler,
  HandlerRegistry,
  Mediator,
  type HandlerContext,
} from '@catga/core';

class Add extends Command<number> {
  constructor(
    readonly a: number,
    readonly b: number,
  ) {
    super();
  }
}
class Added {
  constructor(readonly sum: number) {}
}
@Injectable()
class Log {
  readonly entries: unknown[] = [];
}
@CommandHandler(Add)
class AddHandler {
  constructor(private readonly log: Log) {}
  async execute(c: Add, context: HandlerContext) {
    await context.publish(new Added(c.a + c.b));
    this.log.entries.push('sent');
    return c.a + c.b;
  }
}
@EventHandler(Added)
class AddedHandler {
  constructor(private readonly log: Log) {}
  async handle(e: Added) {
    this.log.entries.push(e.sum);
  }
}

it('sends', async () => {
  Logger.overrideLogger(['error', 'warn', 'log']);
  const m = await Test.createTestingModule({
    imports: [CatgaModule.forRoot()],
    providers: [Log, AddHandler, AddedHandler],
  }).compile();
  await m.init();
  const mediator = m.get(Mediator);
  const sum: number = await mediator.send(new Add(1, 2));
  expect(sum).toBe(3);
  expect(m.get(Log).entries).toEqual([3, 'sent']);
  class Start extends Command<string> {}
  m.get(HandlerRegistry).registerCommand(Start, { name: 'P', invoke: async (_m, c) => c.idempotencyKey });
  expect(await mediator.bind(() => ({ idempotencyKey: 'k' })).send(new Start())).toBe('k');
  await m.close();
  await expect(mediator.send(new Add(1, 2))).rejects.toMatchObject({ code: 'CATGA_MEDIATOR_CLOSED' });
});
