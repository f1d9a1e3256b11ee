import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  CatgaModule,
  CatgaProcess,
  Command,
  CommandHandler,
  DomainError,
  Mediator,
  Processes,
  type MessageContext,
} from '../../src/index.js';

class CreateOrder extends Command<{ id: string; payment: string }> {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {
    super();
  }
}
class Pay extends Command<string> {
  constructor(readonly amount: number) {
    super();
  }
}

@CommandHandler(Pay)
class PayHandler {
  keys: (string | undefined)[] = [];
  async execute(command: Pay, context: MessageContext) {
    this.keys.push(context.idempotencyKey);
    if (command.amount > 100) throw new DomainError('declined', { code: 'DECLINED' });
    return `paid ${command.amount}`;
  }
}

@CatgaProcess(CreateOrder)
class OrderProcess {
  constructor(private readonly mediator: Mediator) {}
  async execute(order: CreateOrder) {
    const payment = await this.pay(order.amount);
    return { id: order.orderId, payment };
  }
  private async pay(amount: number) {
    return this.mediator.send(new Pay(amount));
  }
}

@Module({ imports: [CatgaModule.forRoot()], providers: [OrderProcess, PayHandler] })
class AppModule {}

describe('a process in a Nest application', () => {
  it('is started by sending its command, and its steps carry their key to the handlers', async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    await module.init();
    const mediator = module.get(Mediator);
    expect(await mediator.send(new CreateOrder('7', 5))).toEqual({ id: '7', payment: 'paid 5' });
    expect(module.get(PayHandler).keys).toEqual(['OrderProcess:7/pay:1']);
    await expect(mediator.send(new CreateOrder('8', 500))).rejects.toMatchObject({
      code: 'CATGA_PROCESS_FAILED',
      cause: { code: 'DECLINED' },
    });
    const page = await module.get(Processes).list();
    expect(page.processes.map((p) => [p.id, p.status])).toEqual([
      ['OrderProcess:8', 'failed'],
      ['OrderProcess:7', 'completed'],
    ]);
    await module.close();
  });
});

describe('fields named in processes.redact', () => {
  it('are left out of what is shown, and kept in the journal', async () => {
    @Module({
      imports: [CatgaModule.forRoot({ processes: { redact: ['Amount'] } })],
      providers: [OrderProcess, PayHandler],
    })
    class RedactingModule {}
    const module = await Test.createTestingModule({ imports: [RedactingModule] }).compile();
    await module.init();
    const processes = module.get(Processes);
    const handle = await processes.start(OrderProcess, new CreateOrder('9', 5));
    expect(await handle.result()).toEqual({ id: '9', payment: 'paid 5' });
    expect((await processes.get(handle.id)).input).toEqual({ orderId: '9', amount: '[redacted]' });
    const [started] = await processes.events(handle.id);
    expect(started?.data['input']).toEqual({ orderId: '9', amount: '[redacted]' });
    expect(started?.data['id']).toBe('OrderProcess:9');
    await module.close();
  });
});
