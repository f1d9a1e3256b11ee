import 'reflect-metadata';
import { Mediator } from '../../src/mediator/index.js';
import { JsonCodec, MemoryStore, type Store } from '../../src/store/index.js';
import { ProcessRuntime } from '../../src/processes/process-runtime.js';
import type { ProcessBlueprint } from '../../src/processes/definition/blueprint.js';

class FakeMediator extends Mediator {
  send = async (m: object, o?: object) => {
    void o;
    return m as never;
  };
  publish = async () => {};
}

class Cmd {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {}
}

function blueprint(target: new (...a: never[]) => object, names: string[], sequential: boolean): ProcessBlueprint {
  const methods = Object.getOwnPropertyNames(target.prototype);
  return {
    name: target.name,
    target,
    command: Cmd,
    version: '1',
    flow: [],
    sequential,
    writesFields: true,
    idOf: (c) => (c as Cmd).orderId,
    onExisting: 'attach',
    steps: names.map((name) => {
      const compensation = `compensate${name[0]!.toUpperCase()}${name.slice(1)}`;
      return {
        name,
        alternatives: [{ method: name, ...(methods.includes(compensation) ? { compensation } : {}) }],
        timeout: 500,
        retry: { attempts: 3, backoff: 10, maxBackoff: 50 },
        onUnknown: 'retry' as const,
        formerly: [],
        compensate: 'in-doubt' as const,
      };
    }),
  };
}

const log: string[] = [];
class OrderProcess {
  fail = false;
  flaky = 0;
  async execute(c: Cmd) {
    const a = await this.reserve(c.orderId);
    const [b] = await Promise.all([this.pay(c.orderId, c.amount), this.notify(c.orderId)]);
    return { a, b, s: await this.ship(c.orderId) };
  }
  async reserve(id: string) {
    log.push('reserve');
    return 'R' + id;
  }
  async compensateReserve(id: string, result: string, outcome: string) {
    log.push(`undo reserve ${id} ${result} ${outcome}`);
  }
  async pay(_id: string, amount: number) {
    log.push('pay');
    return amount * 2;
  }
  async compensatePay(id: string, amount: number, result: number, outcome: string) {
    log.push(`undo pay ${id} ${amount} ${result} ${outcome}`);
  }
  async notify() {
    log.push('notify');
  }
  async ship(id: string) {
    if (failShip) throw new Error('no ship');
    if (slow) await new Promise((r) => setTimeout(r, 2000));
    log.push('ship');
    return { id, at: new Date(5) };
  }
}
let failShip = false;
let slow = false;

function runtime(store: Store, sequential = false) {
  const r = new ProcessRuntime({
    store,
    mediator: new FakeMediator(),
    codec: new JsonCodec(),
    warn: (m) => console.log(m),
    settings: {
      lease: 15000,
      limits: {
        historyWarning: 1000,
        historyLimit: 10000,
        maxPayload: 2e6,
        warnPayload: 2e5,
        maxClaims: 5,
        suspendAfter: 60000,
      },
      defaults: { timeout: 30000, retry: { attempts: 3, backoff: 1000, maxBackoff: 5000 } },
      retention: {},
    },
  });
  r.register(blueprint(OrderProcess, ['reserve', 'pay', 'notify', 'ship'], sequential), new OrderProcess());
  return r;
}

describe.each(['copy', 'reference'] as const)('%s', (mode) => {
  beforeEach(() => {
    log.length = 0;
    failShip = slow = false;
  });
  it('runs', async () => {
    const store = new MemoryStore({ mode });
    const r = runtime(store);
    await r.start();
    const h = await r.processes.start('OrderProcess', new Cmd('1', 5));
    expect(await h.result()).toEqual({ a: 'R1', b: 10, s: { id: '1', at: new Date(5) } });
    const events = await r.processes.events(h.id);
    expect(events.at(-1)?.type).toBe('ProcessCompleted');
    expect(log).toEqual(['reserve', 'pay', 'notify', 'ship']);
    expect(await r.processes.get(h.id)).toMatchObject({ status: 'completed' });
  });
  it('compensates', async () => {
    const store = new MemoryStore({ mode });
    const r = runtime(store);
    await r.start();
    failShip = true;
    const h = await r.processes.start('OrderProcess', new Cmd('1', 5));
    await expect(h.result()).rejects.toThrow('no ship');
    expect(log).toEqual(['reserve', 'pay', 'notify', 'undo pay 1 5 10 completed', 'undo reserve 1 R1 completed']);
  });
  it('times out', async () => {
    const store = new MemoryStore({ mode });
    const r = runtime(store);
    await r.start();
    slow = true;
    const h = await r.processes.start('OrderProcess', new Cmd('1', 5));
    await expect(h.result()).rejects.toThrow('500 ms');
    expect(log).toEqual(['reserve', 'pay', 'notify', 'undo pay 1 5 10 completed', 'undo reserve 1 R1 completed']);
  });
});
