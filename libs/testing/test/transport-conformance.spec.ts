import { Logger } from '@nestjs/common';
import {
  MemoryBroker,
  MemoryTransport,
  type Consumer,
  type MessageHandler,
  type PublishOptions,
  type Reply,
  type RequestOptions,
  type SubscriptionOptions,
  type TransportMessage,
} from '@catga/core';
import { describeTransportConformance, type TestGlobals } from '@catga/testing';

Logger.overrideLogger(false);

type Sabotage = (broker: MemoryBroker) => MemoryTransport;

/** Runs the tests of the suite whose names match and returns the names of those that failed. */
async function failuresOf(sabotage: Sabotage, which: RegExp): Promise<string[]> {
  const tests: { name: string; body: () => void | Promise<void> }[] = [];
  const before: (() => void | Promise<void>)[] = [];
  const after: (() => void | Promise<void>)[] = [];
  const runner: TestGlobals = {
    describe: (_name, body) => body(),
    it: (name, body) => tests.push({ name, body }),
    beforeEach: (body) => before.push(body),
    afterEach: (body) => after.push(body),
  };
  let broker = new MemoryBroker();
  const open = async (): Promise<MemoryTransport> => {
    const transport = sabotage(broker);
    await transport.open();
    return transport;
  };
  describeTransportConformance({
    name: 'sabotaged',
    create: () => ((broker = new MemoryBroker()), open()),
    second: open,
    tooLarge: 1_024 * 1_024 + 1,
    many: 500,
    runner,
  });
  const chosen = tests.filter(({ name }) => which.test(name));
  expect(chosen.length).toBeGreaterThan(0);
  const failures: string[] = [];
  for (const { name, body } of chosen) {
    for (const hook of before) await hook();
    await Promise.resolve()
      .then(body)
      .catch(() => failures.push(name));
    for (const hook of after) await hook();
  }
  return failures;
}

/** Changes what reaches the handler, or its subscription. */
class Changed extends MemoryTransport {
  protected options(options: SubscriptionOptions): SubscriptionOptions {
    return options;
  }
  protected handler(handler: MessageHandler): MessageHandler {
    return handler;
  }
  override subscribe(options: SubscriptionOptions, handler: MessageHandler): Promise<Consumer> {
    return super.subscribe(this.options(options), this.handler(handler));
  }
}

class LosesKeys extends Changed {
  override publish(messages: readonly TransportMessage[], options?: PublishOptions): Promise<void> {
    return super.publish(
      messages.map(({ key: _key, ...rest }) => rest),
      options,
    );
  }
}
class SwallowsFailures extends Changed {
  override handler(handler: MessageHandler): MessageHandler {
    return async (message, signal) => {
      try {
        await handler(message, signal);
      } catch {
        // As a transport that acknowledges before it knows.
      }
    };
  }
}
class HasNoBackoff extends Changed {
  override options(options: SubscriptionOptions): SubscriptionOptions {
    return { ...options, backoff: () => 0 };
  }
}
class KnowsNoBounds extends Changed {
  override options(options: SubscriptionOptions): SubscriptionOptions {
    return { ...options, concurrency: 10_000 };
  }
}
class NeverCompetes extends Changed {
  private members = 0;
  override options(options: SubscriptionOptions): SubscriptionOptions {
    return { ...options, name: `${options.name}-${Math.random().toString(36).slice(2)}-${this.members++}` };
  }
}
class MakesTextOfBytes extends Changed {
  override publish(messages: readonly TransportMessage[], options?: PublishOptions): Promise<void> {
    const asText = (body: string | Uint8Array): string =>
      typeof body === 'string' ? body : Buffer.from(body).toString('latin1');
    return super.publish(
      messages.map((message) => ({ ...message, body: asText(message.body) })),
      options,
    );
  }
}
class ForgetsIds extends Changed {
  override publish(messages: readonly TransportMessage[], options?: PublishOptions): Promise<void> {
    return super.publish(messages, options?.qos === 2 ? { qos: 1 } : options);
  }
}
class WaitsForNobody extends Changed {
  override async request(message: TransportMessage, options?: RequestOptions): Promise<Reply> {
    return super.request(message, options).catch(async (error: { code?: string }) => {
      if (error.code === 'CATGA_NO_RESPONDER') await new Promise((resolve) => setTimeout(resolve, 3_100));
      throw error;
    });
  }
}
class SendsWhatComesBeforeTheFault extends Changed {
  override async publish(messages: readonly TransportMessage[], options?: PublishOptions): Promise<void> {
    for (const message of messages) await super.publish([message], options);
  }
}
class DoublesMessages extends Changed {
  override handler(handler: MessageHandler): MessageHandler {
    return async (message, signal) => {
      await handler(message, signal);
      await handler(message, signal);
    };
  }
}

const sabotages: [new (options: { broker: MemoryBroker }) => MemoryTransport, RegExp][] = [
  [LosesKeys, /one after the other, in order/],
  [SwallowsFailures, /tries a message once/],
  [HasNoBackoff, /tries a message again after its back-off/],
  [KnowsNoBounds, /while a slow consumer works/],
  [NeverCompetes, /shares the messages of a subscription|shares messages among members/],
  [MakesTextOfBytes, /text as text and bytes as bytes/],
  [ForgetsIds, /stores a message once that is published twice/],
  [WaitsForNobody, /says at once that nobody answers/],
  [SendsWhatComesBeforeTheFault, /sends nothing of the list/],
  [DoublesMessages, /every subscription of its subject|tries a message once/],
];

describe('the conformance suite of transports', () => {
  it.each(sabotages.map(([type, which]) => [type.name, type, which] as const))(
    'notices one that %s',
    async (_name, Sabotaged, which) => {
      expect(await failuresOf((broker) => new Sabotaged({ broker }), which)).not.toEqual([]);
    },
  );

  it('finds no fault in the same tests without sabotage', async () => {
    const all = new RegExp(sabotages.map(([, { source }]) => source).join('|'));
    expect(await failuresOf((broker) => new MemoryTransport({ broker }), all)).toEqual([]);
  });
});
