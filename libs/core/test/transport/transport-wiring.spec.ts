import 'reflect-metadata';
import {
  Inject,
  Injectable,
  Module,
  type DynamicModule,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { CatgaHealthIndicator, CatgaHealthModule } from '@catga/core/health';
import {
  CATGA_TRANSPORT,
  EventHandler,
  MemoryBroker,
  MemoryTransport,
  MessageBus,
  MessagingHost,
  Subscribe,
  Transport,
  TransportUnavailableError,
  type CatgaModuleOptions,
  type TransportCapabilities,
  type TransportWarning,
} from '@catga/core';
import { closeApps, logs, startApp } from '../mediator/support/start-app.js';

const calls: string[] = [];

class FakeTransport extends MemoryTransport {
  override readonly capabilities: TransportCapabilities = {
    name: 'fake',
    distributed: true,
    durable: true,
    qos: [0, 1],
    deduplicationWindow: 0,
  };
  risks: TransportWarning[] = [];
  answer: () => Promise<void> = () => super.ping();
  override async open() {
    calls.push('open');
    await super.open();
  }
  override async close() {
    await super.close();
    calls.push('close');
  }
  override ping() {
    return this.answer();
  }
  override warnings(): TransportWarning[] {
    return this.risks;
  }
}

class FakeTransportModule {
  static forRoot(transport = new FakeTransport()): DynamicModule {
    return {
      module: this,
      global: true,
      providers: [{ provide: CATGA_TRANSPORT, useFactory: () => transport }],
      exports: [CATGA_TRANSPORT],
    };
  }
}
Module({})(FakeTransportModule);

@Injectable()
class User implements OnModuleInit, OnModuleDestroy {
  constructor(@Inject(Transport) private readonly transport: Transport) {}
  async onModuleInit() {
    await this.transport.ping();
    calls.push('used');
  }
  async onModuleDestroy() {
    await this.transport.publish([{ id: 'm', subject: 's', body: '' }]);
    calls.push('last use');
  }
}

describe('the transport of an application', () => {
  beforeEach(() => (calls.length = 0));
  afterEach(closeApps);

  it('is in memory unless something else is said, and the boot line says what that means', async () => {
    const { app } = await startApp({ providers: [User] });
    expect(app.get(Transport)).toBeInstanceOf(MemoryTransport);
    expect(calls).toEqual(['used']);
    expect(logs.of('Catga').join()).toMatch(
      /Transport: memory \(in this OS process, messages that wait do not survive/,
    );
  });

  it('of a module is opened before anybody uses it and closed after everybody', async () => {
    const { app } = await startApp({ imports: [FakeTransportModule.forRoot()], providers: [User] });
    expect(app.get(Transport)).toBeInstanceOf(FakeTransport);
    expect(logs.of('Catga').join()).toContain(
      'Transport: fake (reaches other nodes, QoS 0, 1, published messages survive a crash)',
    );
    await app.close();
    expect(calls).toEqual(['open', 'used', 'last use', 'close']);
  });

  it('may be given in the options, as one of your own or as options of the memory transport', async () => {
    const transport = new FakeTransport();
    expect((await startApp({ options: { transport } })).app.get(Transport)).toBe(transport);
    const broker = new MemoryBroker();
    const one = await startApp({ options: { transport: { broker } } });
    const two = await startApp({ options: { transport: { broker } } });
    const got = new Promise<string>((resolve) => {
      void two.app
        .get(Transport)
        .subscribe({ name: 'n', subjects: ['s'] }, ({ id }) => resolve(id))
        .then(() => one.app.get(Transport).publish([{ id: 'from one', subject: 's', body: '' }]));
    });
    expect(await got).toBe('from one');
  });

  it('of two modules fails at boot with both names', async () => {
    class SecondTransportModule extends FakeTransportModule {}
    Module({})(SecondTransportModule);
    const imports = [FakeTransportModule.forRoot(), SecondTransportModule.forRoot()];
    await expect(startApp({ imports })).rejects.toMatchObject({
      code: 'CATGA_TRANSPORT_DUPLICATE',
      message: expect.stringContaining('FakeTransportModule, SecondTransportModule'),
    });
  });

  it('that cannot be opened stops the boot with its own error and is not closed', async () => {
    class BrokenTransport extends FakeTransport {
      override async open(): Promise<void> {
        throw new TransportUnavailableError('authentication', 'wrong password');
      }
    }
    await expect(startApp({ options: { transport: new BrokenTransport() } })).rejects.toMatchObject({
      code: 'CATGA_TRANSPORT_AUTHENTICATION',
    });
    expect(calls).toEqual([]);
  });

  it.each([
    [{ transport: { brocker: 1 } }, /MemoryTransport has no option "brocker". Did you mean "broker"/],
    [{ transport: { maxMessageSize: 0 } }, /MemoryTransport.maxMessageSize is 0/],
    [{ transport: { drainTimeout: 'soon' } }, /drainTimeout/],
  ])('refuses %j', async (options, message) => {
    await expect(startApp({ options: options as CatgaModuleOptions })).rejects.toThrow(message);
  });

  it('is down in health when its ping fails, and degraded when settings may lose messages', async () => {
    const transport = new FakeTransport();
    const { app } = await startApp({ options: { transport }, imports: [CatgaHealthModule.forRoot({ timeout: '1s' })] });
    const health = app.get(CatgaHealthIndicator);
    expect(await health.transport()).toEqual({ transport: { status: 'up', name: 'fake' } });
    transport.risks = [{ code: 'CATGA_FAKE_RISK', message: 'Set something.' }];
    expect(await health.transport()).toEqual({
      transport: { status: 'degraded', name: 'fake', warnings: transport.risks },
    });
    transport.answer = () => Promise.reject(new TransportUnavailableError('connection', 'The broker is away.'));
    expect(await health.messageQueue()).toEqual({
      messageQueue: { status: 'down', message: 'The broker is away.', code: 'CATGA_TRANSPORT_CONNECTION' },
    });
    transport.answer = () => new Promise(() => undefined);
    expect(await health.transport()).toMatchObject({
      transport: { status: 'down', message: 'Transport "fake" did not answer within 1000 ms' },
    });
  });

  it('shows its subscriptions in health, and is degraded when one of them takes nothing', async () => {
    class Happened {}
    @Subscribe('watchers')
    @EventHandler(Happened)
    class Watcher {
      handle() {}
    }
    const { app } = await startApp({ providers: [Watcher], imports: [CatgaHealthModule.forRoot({})] });
    const health = app.get(CatgaHealthIndicator);
    expect(await health.messageQueue()).toEqual({
      messageQueue: { status: 'up', name: 'memory', subscriptions: { watchers: { state: 'running', waiting: 0 } } },
    });
    app.get(MessagingHost).consumer('watchers')?.pause();
    await app.get(MessageBus).publish([new Happened(), new Happened()]);
    expect(await health.messageQueue()).toMatchObject({
      messageQueue: {
        status: 'degraded',
        message: 'On this node subscription watchers is paused.',
        subscriptions: { watchers: { state: 'paused', waiting: 2 } },
      },
    });
  });

  it('has its warnings logged at boot', async () => {
    const transport = new FakeTransport();
    transport.risks = [{ code: 'CATGA_FAKE_RISK', message: 'Set something.' }];
    await startApp({ options: { transport } });
    expect(logs.of('Catga').join()).toContain('Set something. (CATGA_FAKE_RISK)');
  });
});
