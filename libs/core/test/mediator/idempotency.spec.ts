import { Injectable } from '@nestjs/common';
import {
  Command,
  CommandHandler,
  EventHandler,
  IdempotencyBehavior,
  MemoryStore,
  RecordConflictError,
  StoreUnavailableError,
  UseBehaviors,
  type IdempotencyOptions,
  type RecordWrite,
  type CommitBatch,
  type HandlerContext,
} from '@catga/core';
import { closeApps, deferred, logs, startApp, turn } from './support/start-app.js';

class Pay extends Command<unknown> {
  constructor(readonly amount: number) {
    super();
  }
}

/** An application in which Pay is handled by this function, once for each idempotency key. */
async function appWith(
  store: MemoryStore,
  execute: (message: Pay, context: HandlerContext) => unknown,
  options: IdempotencyOptions = {},
) {
  @CommandHandler(Pay)
  @UseBehaviors(IdempotencyBehavior.with(options))
  class PayHandler {
    execute(message: Pay, context: HandlerContext): unknown {
      return execute(message, context);
    }
  }
  return startApp({ providers: [PayHandler], options: { store } });
}

/** The memory store of two "nodes": it is closed by neither. */
class SharedMemoryStore extends MemoryStore {
  override async close(): Promise<void> {}
}

describe('IdempotencyBehavior', () => {
  afterEach(closeApps);

  it.each(['reference', 'copy'] as const)('answers repetitions with the first answer (%s store)', async (mode) => {
    let calls = 0;
    const { mediator } = await appWith(new MemoryStore({ mode }), async () => ({ id: ++calls, at: new Date(5) }));
    const first = await mediator.send(new Pay(1), { idempotencyKey: 'k' });
    const again = await mediator.send(new Pay(1), { idempotencyKey: 'k' });
    expect(again).toEqual(first);
    expect(again).toEqual({ id: 1, at: new Date(5) });
    expect(again).not.toBe(first);
    // The caller's own object is not frozen by the store.
    expect(Object.isFrozen(first)).toBe(false);
    expect(calls).toBe(1);
  });

  it('handles messages without a key, with another key, and of another tenant each on its own', async () => {
    let calls = 0;
    const { mediator } = await appWith(new MemoryStore(), async () => ++calls);
    for (const options of [
      {},
      {},
      { idempotencyKey: 'a' },
      { idempotencyKey: 'b' },
      { idempotencyKey: 'a', tenant: 't' },
    ]) {
      await mediator.send(new Pay(1), options);
    }
    expect(calls).toBe(5);
    expect(await mediator.send(new Pay(1), { idempotencyKey: 'b' })).toBe(4);
  });

  it('keeps answers beyond a restart: another application on the same store gives the first answer', async () => {
    const store = new SharedMemoryStore({ mode: 'copy' });
    const first = await appWith(store, async () => 'charged');
    await first.mediator.send(new Pay(1), { idempotencyKey: 'k' });
    await first.app.close();
    const second = await appWith(store, async () => 'charged twice');
    expect(await second.mediator.send(new Pay(1), { idempotencyKey: 'k' })).toBe('charged');
  });

  it('lets a concurrent repetition wait for the answer, on the same node and on another', async () => {
    const gate = deferred();
    let calls = 0;
    const store = new SharedMemoryStore({ mode: 'copy' });
    const execute = async () => {
      calls++;
      await gate.promise;
      return 'paid';
    };
    const [one, two] = [await appWith(store, execute), await appWith(store, execute)];
    const sends = [one.mediator, one.mediator, two.mediator].map((mediator) =>
      mediator.send(new Pay(1), { idempotencyKey: 'k' }),
    );
    await turn();
    await turn();
    gate.resolve();
    expect(await Promise.all(sends)).toEqual(['paid', 'paid', 'paid']);
    expect(calls).toBe(1);
  });

  it('refuses concurrent repetitions when told so, and waits no longer than told', async () => {
    const gate = deferred();
    const store = new SharedMemoryStore({ mode: 'copy' });
    const running = await appWith(store, () => gate.promise, { concurrent: 'reject' });
    const patient = await appWith(store, () => 'never', { waitFor: 10 });
    const first = running.mediator.send(new Pay(1), { idempotencyKey: 'k' });
    await turn();
    const inProgress = { code: 'CATGA_IDEMPOTENCY_IN_PROGRESS' };
    await expect(running.mediator.send(new Pay(1), { idempotencyKey: 'k' })).rejects.toMatchObject(inProgress);
    await expect(patient.mediator.send(new Pay(1), { idempotencyKey: 'k' })).rejects.toMatchObject(inProgress);
    gate.resolve();
    await first;
  });

  it('refuses a key that was used for other content', async () => {
    const { mediator } = await appWith(new MemoryStore(), async (pay) => pay.amount);
    await mediator.send(new Pay(1), { idempotencyKey: 'k' });
    await expect(mediator.send(new Pay(2), { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'CATGA_IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('keeps no failure: a repetition runs the handler again', async () => {
    let calls = 0;
    const { mediator } = await appWith(new MemoryStore(), async () => {
      if (++calls === 1) throw new Error('card reader offline');
      return 'paid';
    });
    await expect(mediator.send(new Pay(1), { idempotencyKey: 'k' })).rejects.toThrow('card reader offline');
    expect(await mediator.send(new Pay(1), { idempotencyKey: 'k' })).toBe('paid');
  });

  it('handles a message again whose node died in the midst of it, once its lease is over', async () => {
    const store = new SharedMemoryStore({ mode: 'copy' });
    // What a node that was killed leaves behind: a claim that nobody renews.
    store.commit({
      records: [
        {
          collection: 'catga.idempotency',
          key: 'Pay||k',
          value: JSON.stringify({ status: 'running' }),
          expiresAt: Date.now() + 60,
        },
      ],
    });
    const { mediator } = await appWith(store, async () => 'second try', { lease: 30 });
    expect(await mediator.send(new Pay(1), { idempotencyKey: 'k' })).toBe('second try');
  });

  it('renews its claim while a handler takes longer than the lease', async () => {
    const store = new SharedMemoryStore({ mode: 'copy' });
    let calls = 0;
    const execute = async () => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return 'slow';
    };
    const [one, two] = [await appWith(store, execute, { lease: 500 }), await appWith(store, execute, { lease: 500 })];
    const first = one.mediator.send(new Pay(1), { idempotencyKey: 'k' });
    await turn();
    expect(await two.mediator.send(new Pay(1), { idempotencyKey: 'k' })).toBe('slow');
    await first;
    expect(calls).toBe(1);
  });

  it('does not run the handler again when its answer cannot be kept, and says so', async () => {
    let calls = 0;
    const { mediator } = await appWith(new MemoryStore(), async () => {
      calls++;
      return { callback: () => 1 };
    });
    await mediator.send(new Pay(1), { idempotencyKey: 'k' });
    await expect(mediator.send(new Pay(1), { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'CATGA_IDEMPOTENT_ANSWER_LOST',
      message: expect.stringContaining('callback'),
    });
    expect(calls).toBe(1);
  });

  it('rejects while the store is away, without running the handler', async () => {
    class AwayStore extends SharedMemoryStore {
      override commit(batch: CommitBatch) {
        if (batch.records?.some((record: RecordWrite) => record.collection === 'catga.idempotency')) {
          throw new StoreUnavailableError('disk-full', 'The disk is full.');
        }
        return super.commit(batch);
      }
    }
    let calls = 0;
    const { mediator } = await appWith(new AwayStore(), async () => ++calls);
    await expect(mediator.send(new Pay(1), { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'CATGA_STORE_DISK_FULL',
    });
    expect(calls).toBe(0);
  });

  it('gives up after its wait when a claim can neither be seen nor taken, and does not spin', async () => {
    // Two clocks of a store may disagree for a moment about whether a claim has expired.
    class TornStore extends SharedMemoryStore {
      override commit(batch: CommitBatch) {
        const torn = batch.records?.find((record: RecordWrite) => record.collection === 'catga.idempotency');
        if (torn !== undefined) throw new RecordConflictError(torn.collection, torn.key, 0, 1);
        return super.commit(batch);
      }
    }
    const { mediator } = await appWith(new TornStore(), () => 'never', { waitFor: 20 });
    await expect(mediator.send(new Pay(1), { idempotencyKey: 'k' })).rejects.toMatchObject({
      code: 'CATGA_IDEMPOTENCY_IN_PROGRESS',
    });
  });

  it('works for events as well: each handler handles a key once', async () => {
    class Paid {}
    const seen: string[] = [];
    @EventHandler(Paid)
    class Mailer {
      handle() {
        seen.push('mail');
      }
    }
    @EventHandler(Paid)
    class Accounting {
      handle() {
        seen.push('books');
        if (seen.length < 3) throw new Error('locked');
      }
    }
    const { mediator } = await startApp({
      providers: [Mailer, Accounting],
      options: { mediator: { behaviors: [IdempotencyBehavior] } },
    });
    await expect(mediator.publish(new Paid(), { idempotencyKey: 'k' })).rejects.toThrow('locked');
    await mediator.publish(new Paid(), { idempotencyKey: 'k' });
    await mediator.publish(new Paid(), { idempotencyKey: 'k' });
    expect(seen.sort()).toEqual(['books', 'books', 'mail']);
  });

  it('refuses options that do not exist', () => {
    expect(() => IdempotencyBehavior.with({ keepfor: 1 } as object)).toThrow(/Did you mean "keepFor"/);
    expect(() => IdempotencyBehavior.with({ concurrent: 'queue' as never })).toThrow(/'wait' or 'reject'/);
  });

  it('warns when a claim was lost to another node while the handler ran', async () => {
    const store = new SharedMemoryStore({ mode: 'copy' });
    @Injectable()
    class Thief {
      steal() {
        return store.commit({
          records: [{ collection: 'catga.idempotency', key: 'Pay||k', value: JSON.stringify({ status: 'running' }) }],
        });
      }
    }
    const { mediator } = await appWith(store, async () => {
      new Thief().steal();
      return 'mine';
    });
    expect(await mediator.send(new Pay(1), { idempotencyKey: 'k' })).toBe('mine');
    expect(logs.of('Mediator').join()).toContain('its claim was lost meanwhile');
  });
});
