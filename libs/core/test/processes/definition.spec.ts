import { transformSync } from '@swc/core';
import ts from 'typescript';
import { Inject, Injectable, Scope } from '@nestjs/common';
import { ProcessContext } from '../../src/processes/api/process-context.js';
import { ProcessDefinitionError } from '../../src/processes/api/process.errors.js';
import type { FlowNode } from '../../src/processes/api/process-definition.types.js';
import {
  CatgaProcess,
  Compensate,
  CompensationStep,
  Condition,
  Inline,
  ProcessId,
  ProcessStep,
  Serializer,
} from '../../src/processes/decorators/index.js';
import {
  ProcessIdError,
  readBlueprint,
  resolveProcessOptions,
  toDefinition,
} from '../../src/processes/definition/index.js';
import { Retry, Timeout } from '../../src/foundation/index.js';
import type { Type } from '../../src/messages/index.js';

class Order {
  constructor(
    readonly orderId: string,
    readonly customerId = 'c1',
    readonly items: readonly string[] = [],
    readonly amount = 0,
  ) {}
}

interface Sender {
  send(message: object): Promise<{ readonly id: string }>;
}
declare function helper(value: unknown): Promise<number>;

/** Steps to choose from; inherited, as a team's own base class would be. */
class Steps {
  protected readonly mediator = { send: async (message: object) => ({ id: JSON.stringify(message) }) };
  protected async a(_value?: unknown): Promise<number> {
    return 1;
  }
  protected async b(_value?: unknown): Promise<number> {
    return 2;
  }
  protected async c(_value?: unknown): Promise<number> {
    return 3;
  }
  protected later(_value?: unknown): Promise<number> {
    return Promise.resolve(4);
  }
  protected total(order: Order): number {
    return order.amount * 2;
  }
}

abstract class Base {
  protected step<T>(_name: string, work: () => Promise<T> | T): Promise<T> {
    return Promise.resolve(work());
  }
  protected async stepAll(_steps: readonly { readonly name: string; readonly work: () => unknown }[]): Promise<void> {}
  protected async send(message: object): Promise<string> {
    return message.constructor.name;
  }
  protected async sleep(_duration: string): Promise<void> {}
  protected now(): number {
    return 0;
  }
}
Object.defineProperty(Base.prototype, Symbol.for('catga.process-base'), { value: true });

const defaults = resolveProcessOptions();
type Process = Type<{ execute(command: Order): Promise<unknown> }>;
const read = (target: Type<object>) => readBlueprint(target, defaults);
const named = <T extends Type<object>>(target: T): T =>
  target.name ? target : Object.defineProperty(target, 'name', { value: 'P' });
const inferred = (target: Process) => {
  CatgaProcess(Order)(named(target));
  return read(target);
};
const flowOf = (target: Process) => inferred(target).flow;
const stepsOf = (target: Process) => inferred(target).steps.map((step) => step.name);
const problemsOf = (target: Type<object>, decorate = true): string[] => {
  try {
    if (decorate) CatgaProcess(Order)(named(target) as Process);
    read(target);
  } catch (error) {
    if (error instanceof ProcessDefinitionError) return error.details['problems'] as string[];
    throw error;
  }
  return [];
};

/** Evaluates a class as a compiler would leave it behind, also one that a linter would never let through. */
const evaluate = (code: string): Process =>
  // eslint-disable-next-line typescript/no-implied-eval -- the text is the test's own
  (new Function('Steps', 'Base', `return ${code}`) as (...classes: object[]) => Process)(Steps, Base);
/** A process with this body of `execute`, and these other members. */
const written = (body: string, members = '', above = 'Steps'): Process =>
  evaluate(`class P extends ${above} { async execute(order) { ${body} } ${members} }`);

const s = (step: string): FlowNode => ({ kind: 'step', step });
const inlined = (target: Process, method: string): void => {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, method) as PropertyDescriptor;
  Inline()(target.prototype as object, method, descriptor);
};
const all = (...branches: FlowNode[][]): FlowNode => ({ kind: 'parallel', mode: 'all', branches });
const when = (condition: string, yes: FlowNode[], no: FlowNode[] = []): FlowNode => ({
  kind: 'branch',
  condition,
  then: yes,
  otherwise: no,
});
const loop = (over: string, ...body: FlowNode[]): FlowNode => ({ kind: 'loop', over, body });

describe('a process written by convention', () => {
  @CatgaProcess(Order)
  class OrderProcess {
    constructor(private readonly mediator: Sender) {}

    async execute(order: Order) {
      const inventory = await this.reserveInventory(order.orderId, order.items);
      const [payment] = await Promise.all([
        this.processPayment(order.orderId, order.amount),
        this.sendNotification(order.customerId, 'processing'),
      ]);
      const shipment =
        order.amount > 1000
          ? await this.createExpressShipment(order.orderId)
          : await this.createShipment(order.orderId);
      return { inventoryId: inventory.id, paymentId: payment.id, shipmentId: shipment.id };
    }

    private async reserveInventory(orderId: string, items: readonly string[]) {
      return this.mediator.send({ orderId, items });
    }
    private async compensateReserveInventory(orderId: string) {
      await this.mediator.send({ orderId });
    }
    private async processPayment(orderId: string, amount: number) {
      return this.mediator.send({ orderId, amount });
    }
    private async compensateProcessPayment(orderId: string) {
      await this.mediator.send({ orderId });
    }
    private async sendNotification(customerId: string, subject: string) {
      return this.mediator.send({ customerId, subject });
    }
    private async createExpressShipment(orderId: string) {
      return this.mediator.send({ orderId });
    }
    private async createShipment(orderId: string) {
      return this.mediator.send({ orderId });
    }
  }

  it('needs no decorator but @CatgaProcess to be known completely', () => {
    const { version, ...definition } = toDefinition(read(OrderProcess));
    const policy = { timeout: 30_000, attempts: 3, backoff: 1_000, onUnknown: 'retry', formerly: [] };
    const step = (name: string, compensation?: string) => ({
      name,
      method: name,
      ...(compensation ? { compensation } : {}),
      ...policy,
    });
    expect(version).toMatch(/^[0-9a-f]{12}$/);
    expect(definition).toEqual({
      name: 'OrderProcess',
      command: 'Order',
      steps: [
        step('reserveInventory', 'compensateReserveInventory'),
        step('processPayment', 'compensateProcessPayment'),
        step('sendNotification'),
        step('createExpressShipment'),
        step('createShipment'),
      ],
      flow: [
        s('reserveInventory'),
        all([s('processPayment')], [s('sendNotification')]),
        when('order.amount > 1000', [s('createExpressShipment')], [s('createShipment')]),
      ],
    });
  });

  it('gives the engine what it needs beside the definition', () => {
    const blueprint = read(OrderProcess);
    expect(blueprint).toMatchObject({
      target: OrderProcess,
      command: Order,
      sequential: false,
      writesFields: false,
      onExisting: 'attach',
    });
    expect(blueprint.steps[0]).toEqual({
      name: 'reserveInventory',
      alternatives: [{ method: 'reserveInventory', compensation: 'compensateReserveInventory' }],
      timeout: 30_000,
      retry: { attempts: 3, backoff: 1_000, maxBackoff: 300_000 },
      onUnknown: 'retry',
      formerly: [],
      compensate: 'in-doubt',
    });
    expect(blueprint.idOf(new Order('42'))).toBe('42');
  });

  it('is the same whichever compiler made the class, and another one once the flow changes', () => {
    const source = (amount: number) => `class P {
      async execute(order: { amount: number }): Promise<void> {
        // a comment
        const [x] = await Promise.all([this.a(order.amount), this.b(order.amount)]);
        if (order.amount > ${amount}) { await this.a(x); }
      }
      async a(x: number) { return x; }
      private async b(x: number) { return x; }
    }
    return P;`;
    const wrapped = (amount: number) => `(function () { ${source(amount)} })`;
    const strip = (code: string) => `${code.replace('"use strict";', '').trim().replace(/;$/, '')}()`;
    const byTsc = (amount: number) =>
      strip(ts.transpile(wrapped(amount), { target: ts.ScriptTarget.ES2022, removeComments: true }));
    const bySwc = (amount: number) =>
      strip(transformSync(wrapped(amount), { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }).code);
    const tsc = inferred(evaluate(byTsc(1)));
    const swc = inferred(evaluate(bySwc(1)));
    expect(tsc.flow).toEqual([all([s('a')], [s('b')]), when('order.amount > 1', [s('a')])]);
    expect(swc.flow).toEqual(tsc.flow);
    expect(swc.version).toBe(tsc.version);
    expect(inferred(evaluate(byTsc(2))).version).not.toBe(tsc.version);
  });

  it('is refused when execute was compiled away from native async, with the setting to change', () => {
    const source = 'class P { async execute() { await this.a(); } async a() {} }';
    const compile = (target: 'es2016' | 'es2021') => {
      const { code } = transformSync(`function make() { ${source} return P; }`, {
        jsc: { target, externalHelpers: false },
      });
      return evaluate(`(function () { ${code} return make(); })()`);
    };
    expect(problemsOf(compile('es2016'))).toEqual([
      expect.stringMatching(/no native async function.*"target": "ES2022".*\.swcrc/),
    ]);
    expect(problemsOf(compile('es2021'))).toEqual([]);
  });
});

describe('what is a step', () => {
  it('is a call that is awaited: at once, in a condition, as the result, or in a chain of promises', () => {
    class P extends Steps {
      async execute(order: Order) {
        await this.a();
        const x = (order.amount > 1 && (await this.b())) || order.amount;
        await this.later(x).catch(() => this.c());
        return this.total(order) > 5 ? this.b(x) : order.amount;
      }
    }
    const { flow, steps } = inferred(P);
    expect(steps.map((step) => step.name)).toEqual(['a', 'b', 'later', 'c']);
    expect(flow).toEqual([
      s('a'),
      when('order.amount > 1', [s('b')]),
      { kind: 'try', body: [s('later')], handler: [s('c')], finalizer: [] },
      when('this.total(order) > 5', [s('b')]),
    ]);
  });

  it('is a call kept in a variable, an array or an object that is awaited later', () => {
    class P extends Steps {
      async execute(order: Order) {
        const first = this.later(1);
        let second;
        if (order.amount > 1) second = this.later(2);
        const many: Promise<number>[] = [];
        for (const item of order.items) many.push(this.later(item));
        const named = { third: this.a(3) };
        await this.b();
        await first;
        await second;
        await named.third;
        return Promise.allSettled(many);
      }
    }
    const { flow, sequential } = inferred(P);
    expect(flow).toEqual([
      s('later'),
      when('order.amount > 1', [s('later')]),
      loop('item of order.items', s('later')),
      s('a'),
      s('b'),
    ]);
    expect(sequential).toBe(false);
  });

  it('is a call of a method without async wherever its promise goes before it is awaited', () => {
    const process = written(
      `
      const each = async (p) => { await p; };
      await each(this.one());
      await Promise.all([this.two()].map((p) => p.catch(() => 1)));
      const byItem = new Map(order.items.map((i) => [i, this.three(i)]));
      await Promise.all(byItem.values());
      const run = async (work) => { await work(); };
      await run(() => this.four());
      const { x } = { x: this.five() };
      await x;
      for (const p of [this.six(), this.six()]) await p;
      return this.plain();`,
      ['one', 'two', 'three', 'four', 'five', 'six']
        .map((name) => `${name}() { return this.mediator.send({}); }`)
        .join(' ') + ' plain() { return { a: this.mediator }; }',
    );
    expect(stepsOf(process).sort()).toEqual(['five', 'four', 'one', 'six', 'three', 'two']);
  });

  it('is not a call that nobody awaits, nor a method that answers at once', () => {
    class P extends Steps {
      async execute(order: Order) {
        void this.log('start');
        this.log('again').catch(() => undefined);
        const doubled = this.total(order);
        await this.a(doubled);
        return this.summary(order);
      }
      private async log(_text: string) {}
      private summary(order: Order) {
        return { id: order.orderId, total: this.total(order) };
      }
    }
    expect(stepsOf(P)).toEqual(['a']);
  });

  it('is a returned call of a method that may give a promise although it is not async', () => {
    class P {
      private readonly mediator: Sender = { send: async () => ({ id: '1' }) };
      async execute(order: Order) {
        return this.charge(order);
      }
      private charge(order: Order) {
        return this.mediator.send(order);
      }
    }
    expect(stepsOf(P)).toEqual(['charge']);
  });

  it('is found in classes above as well, and what a subclass overrides counts', () => {
    abstract class Above extends Steps {
      async execute(_order: Order): Promise<unknown> {
        await this.a();
        return this.total(new Order('1'));
      }
      protected async compensateA() {}
    }
    class P extends Above {
      override async execute(order: Order) {
        await this.b();
        await super.execute(order);
      }
    }
    const { flow, steps } = inferred(P);
    expect(flow).toEqual([s('b'), s('a')]);
    expect(steps[1]?.alternatives).toEqual([{ method: 'a', compensation: 'compensateA' }]);
  });

  it('is what an @Inline method or a local function awaits, drawn where it is called', () => {
    class P extends Steps {
      async execute(order: Order) {
        const chain = async (item: string) => {
          await this.a(item);
          return this.b(item);
        };
        await Promise.all([chain('x'), chain('y')]);
        await this.finish(order);
        await (async () => {
          await this.c();
        })();
      }
      @Inline()
      private async finish(order: Order): Promise<void> {
        if (order.amount > 0) await this.c();
        if (order.amount > 9) await this.finish(order);
      }
    }
    expect(flowOf(P)).toEqual([all([s('a'), s('b')], [s('a'), s('b')]), when('order.amount > 0', [s('c')]), s('c')]);
  });
});

describe('the flow', () => {
  it('shows parallel steps of every combinator, a list of them as a loop', () => {
    class P extends Steps {
      async execute(order: Order) {
        await Promise.allSettled([this.a(), Promise.resolve(1), order.amount > 1 ? this.b() : undefined]);
        await Promise.race([this.a(), this.b()]);
        await Promise.any(order.items.map((item) => this.a(item)));
        await Promise.all([...order.items.map(async (item) => this.b(await this.a(item))), this.c()]);
        const [x, y] = [this.a(), this.b()];
        await Promise.all([x, y]);
        const later = order.items.map((item) => this.c(item));
        await this.a();
        return Promise.all(later);
      }
    }
    expect(flowOf(P)).toEqual([
      { kind: 'parallel', mode: 'allSettled', branches: [[s('a')], [when('order.amount > 1', [s('b')])]] },
      { kind: 'parallel', mode: 'race', branches: [[s('a')], [s('b')]] },
      { kind: 'parallel', mode: 'any', branches: [[loop('order.items', s('a'))]] },
      all([loop('order.items', s('a'), s('b'))], [s('c')]),
      s('a'),
      s('b'),
      s('a'),
      all([loop('order.items', s('c'))]),
    ]);
  });

  it('shows loops, try and finally, and leaves out what has no steps', () => {
    class P extends Steps {
      async execute(order: Order) {
        for (let i = 0; i < order.amount; i++) await this.a(i);
        while (await this.b()) if (order.amount) break;
        do await this.c();
        while (order.amount > 3);
        for (const item of order.items) if (item === 'x') continue;
        try {
          await this.a();
        } catch (error) {
          if (error instanceof TypeError) await this.b();
          throw error;
        } finally {
          await this.c();
        }
        await order.items.reduce(async (before, item) => {
          await before;
          await this.a(item);
        }, Promise.resolve());
      }
    }
    expect(flowOf(P)).toEqual([
      loop('let i = 0; i < order.amount; i++', s('a')),
      loop('while await this.b()', s('b')),
      loop('while order.amount > 3', s('c')),
      {
        kind: 'try',
        body: [s('a')],
        handler: [when('error instanceof TypeError', [s('b')])],
        finalizer: [s('c')],
      },
      loop('order.items', s('a')),
    ]);
    const inPattern = written('const { x = await this.b() } = await this.a(); return x;');
    expect(flowOf(inPattern)).toEqual([s('a'), s('b')]);
  });

  it('shows else-if, switch and short circuits as branches', () => {
    class P extends Steps {
      async execute(order: Order) {
        if (order.amount > 9) await this.a();
        else if (order.amount > 5) await this.b();
        else await this.c();
        switch (order.customerId) {
          case 'x':
          case 'y':
            await this.a();
            break;
          case 'z':
            await this.b();
            break;
          default:
            await this.c();
        }
        const found = order.items[0] ?? (await this.a());
        return found || this.b();
      }
    }
    expect(flowOf(P)).toEqual([
      when('order.amount > 9', [s('a')], [when('order.amount > 5', [s('b')], [s('c')])]),
      when(
        `order.customerId === 'x' || order.customerId === 'y'`,
        [s('a')],
        [when(`order.customerId === 'z'`, [s('b')], [s('c')])],
      ),
      when('order.items[0] == null', [s('a')]),
      when('found', [], [s('b')]),
    ]);
  });
});

describe('what the engine may rely on', () => {
  const sequential = (target: Process) => inferred(target).sequential;
  const writesFields = (target: Process) => inferred(target).writesFields;

  it('is sequential when every step is awaited on the spot', () => {
    class P extends Steps {
      async execute(order: Order) {
        const x = await this.a(await this.b());
        for (const item of order.items) await this.part(item);
        try {
          await (order.amount > 1 ? this.b() : this.c());
        } catch {
          await this.c();
        }
        return this.later(x);
      }
      @Inline()
      private async part(item: string) {
        await this.a(item);
      }
    }
    expect(sequential(P)).toBe(true);
  });

  it.each([
    ['a combinator', 'await Promise.all([this.a()]);'],
    ['a variable', 'const p = this.a(); await this.b(); await p;'],
    ['a nested function', 'const f = async () => { await this.a(); }; await f();'],
    ['a return through finally', 'try { return this.a(); } finally { await this.b(); }'],
    ['a promise chain', 'await this.a().catch(() => 1);'],
    ['an argument that is started but not awaited', 'await this.b(this.a());'],
    ['this given away by plain code', 'this.leak(); await this.a();'],
    ['this given away', 'const self = this; await this.a(self === undefined);'],
    ['an inline method that is not awaited on the spot', 'const p = this.part(); await this.b(); await p;'],
    ['several steps of the context', "await this.stepAll([{ name: 'a', work: () => 1 }]).then(() => 1);", 'Base'],
  ])('is not sequential with %s', (_what, body, above = 'Steps') => {
    const target = written(body, 'async part() { await this.a(); } leak() { this.list.push(this); }', above);
    inlined(target, 'part');
    expect(sequential(target)).toBe(false);
  });

  it('knows that fields are set: in the flow, in plain methods, behind their backs', () => {
    class Direct extends Steps {
      state = 0;
      async execute(order: Order) {
        this.state += order.amount;
        await this.a();
      }
    }
    class InPlainMethod extends Steps {
      state: object | undefined;
      async execute() {
        this.remember();
        await this.a();
      }
      private remember() {
        this.inner();
      }
      private inner() {
        [this.state] = [{}];
      }
    }
    class Behind extends Steps {
      async execute() {
        Object.assign(this, { state: 1 });
        await this.a();
      }
    }
    class OnlyInAStep extends Steps {
      state = { count: 0 };
      async execute() {
        this.state.count++;
        await this.work();
      }
      private async work() {
        this.state = { count: 1 };
      }
    }
    expect([Direct, InPlainMethod, Behind, OnlyInAStep].map(writesFields)).toEqual([true, true, true, false]);
  });
});

describe('awaits that are not steps', () => {
  it.each([
    [
      'a raw fetch',
      `await fetch('https://x');`,
      /^`await fetch\('https:\/\/x'\)` in execute: .*`await this\.fetch\(…\)`.*CatgaProcessBase.*`await this\.step\('fetch', \(\) => …\)`/,
    ],
    [
      'a command sent by execute itself',
      `await this.mediator.send(new ReserveInventory(order.orderId));`,
      /^`await this\.mediator\.send\(new ReserveInventory\(order\.orderId\)\)` in execute: .*`await this\.reserveInventory\(…\)`/,
    ],
    [
      'a command whose answer is returned',
      `return this.mediator.send(new Order('1'));`,
      /^`return this\.mediator\.send\(new Order\('1'\)\)` in execute: what `execute` returns is awaited/,
    ],
    [
      'a dependency under another name, returned',
      `const { send } = this.mediator; const m = this.mediator; return m.send({});`,
      /^`return m\.send\(\{\}\)`/,
    ],
    ['an imported function', `await helper(1);`, /^`await helper\(1\)`/],
    ['an imported promise', `await ready;`, /^`await ready`/],
    [
      'an element of a combinator',
      `await Promise.all([this.a(), mediator.send({})]);`,
      /^`await mediator\.send\(\{\}\)`/,
    ],
    ['a spread element', `await Promise.all([...order.items.map((i) => helper(i))]);`, /^`await helper\(i\)`/],
    ['a mapped element', `await Promise.all(order.items.map((i) => helper(i)));`, /^`await helper\(i\)`/],
    [
      'a mapped element, awaited in it',
      `await Promise.all(order.items.map(async (i) => { await helper(i); }));`,
      /^`await helper\(i\)`/,
    ],
    ['an element mapped by a foreign function', `await Promise.all(order.items.map(helper));`, /^`await helper`/],
    ['one side of a condition', `await (order.amount > 1 ? this.a() : helper(2));`, /^`await helper\(2\)`/],
    ['the right side of ??', `await (order.cached ?? helper(2));`, /^`await helper\(2\)`/],
    ['a variable', `const p = helper(3); await this.a(); await p;`, /^`await helper\(3\)`/],
    [
      'an argument of a local function',
      `const f = async (p) => { await p; }; await f(helper(9));`,
      /^`await helper\(9\)`/,
    ],
    [
      'a function that a local function calls',
      `const f = async (g) => { await g(); }; await f(() => helper(9));`,
      /^`await helper\(9\)`/,
    ],
    [
      'promises that a callback waits for',
      `await Promise.all([helper(9)].map((p) => p.catch(() => 1)));`,
      /^`await helper\(9\)`/,
    ],
    ['a variable assigned later', `let p; if (order.amount) p = helper(3); await p;`, /^`await helper\(3\)`/],
    ['an array that is filled', `const all = []; all.push(helper(5)); await Promise.all(all);`, /^`await helper\(5\)`/],
    ['a field of a local object', `const all = { x: helper(6) }; await all.x;`, /^`await helper\(6\)`/],
    ['what a local function returns', `const f = () => helper(7); await f();`, /^`await helper\(7\)`/],
    ['the start of a chain', `await helper(8).then(() => 1);`, /^`await helper\(8\)`/],
    [
      'another name of this',
      `const self = this; await self.a();`,
      /^`await self\.a\(\)`.*under another name.*`await this\.method\(…\)`/,
    ],
    ['a method taken off this', `const { a } = this; await a();`, /^`await a\(\)`.*under another name/],
    [
      'a list of steps',
      `const all = order.items.map((i) => () => this.a(i)); for (const one of all) await one();`,
      /^`await one\(\)`.*under another name/,
    ],
    ['a bound method', `const a = this.total.bind(this); await a();`, /^`await a\(\)`/],
    [
      'a computed method',
      `await this[order.amount > 1 ? 'a' : 'b']();`,
      /^`await this\[order\.amount > 1 \? 'a' : 'b'\]\(\)`.*only at run time.*if \(…\) await this\.a\(\)/,
    ],
    ['a field that holds a promise', `await this.ready;`, /^`await this\.ready`/],
    ['a tagged template', 'await sql`select 1`;', /^`await sql`select 1``/],
    ['a promise of its own', `await new Promise((resolve) => resolve(1));`, /^`new Promise\(.*another order on replay/],
    [
      'a timer',
      `setTimeout(() => undefined, 5); await this.a();`,
      /^`setTimeout\(\(\) => undefined, 5\)` in execute: a timer is lost/,
    ],
    [
      'a tick',
      `process.nextTick(() => 1); await this.a();`,
      /^`process\.nextTick\(\(\) => 1\)` in execute: a timer is lost/,
    ],
    [
      'an asynchronous loop',
      `for await (const i of order.items) await this.a(i);`,
      /^`for await \(… of order\.items\)`/,
    ],
    ['a dynamic import', `await import('node:os');`, /^`import\('node:os'\)`.*at the top of the file/],
    [
      'an array',
      `await [this.a(), this.b()];`,
      /^`await \[this\.a\(\), this\.b\(\)\]`.*`await Promise\.all\(\[this\.a\(\), this\.b\(\)\]\)`/,
    ],
    ['a mapped array', `await order.items.map((i) => this.a(i));`, /an array is not waited for.*Promise\.all/],
    [
      'forEach',
      `order.items.forEach(async (i) => { await this.a(i); });`,
      /forEach does not wait.*for \(const x of …\) await/,
    ],
    ['forEach with a bare call', `order.items.forEach((i) => this.a(i));`, /forEach does not wait/],
    [
      'a combinator that nobody awaits',
      `void Promise.all([this.a()]); await this.b();`,
      /^`Promise\.all\(\[this\.a\(\)\]\)` in execute: .*nobody waits.*Put `await` in front/,
    ],
    [
      'a local function that nobody awaits',
      `const f = async () => { await this.a(); }; f(); await this.b();`,
      /^`f\(\)` in execute: .*nobody waits/,
    ],
    [
      'an inline method that nobody awaits',
      `this.part(); await this.b();`,
      /^`this\.part\(\)` in execute: .*nobody waits/,
    ],
    [
      'a method given away',
      `await Promise.all(order.items.map(this.a, this));`,
      /^`this\.a` in execute: .*`\(x\) => this\.a\(x\)`/,
    ],
    [
      'a function with a this of its own',
      `const f = async function () { await this.a(); }; await f();`,
      /`this` is not the process.*arrow function/,
    ],
    ['a method on super that is not part of the flow', `await super.a();`, /^`await super\.a\(\)`.*`this\.a\(…\)`/],
    ['itself', `return this.execute(order);`, /cannot call itself/],
    ['an await in an inline method', `await this.wrong();`, /^`await helper\(4\)` in wrong: /],
  ])('are reported with what to write: %s', (_what, body, message) => {
    const target = written(body, 'async part() { await this.a(); } async wrong() { await helper(4); }');
    inlined(target, 'part');
    inlined(target, 'wrong');
    expect(problemsOf(target)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    'await Promise.resolve(1); await Promise.reject(order).catch(() => this.a());',
    'const pick = async (value) => value; await pick(2); await undefined; await order.amount;',
    'const [first] = await Promise.all([this.a(), 3, Promise.resolve(order.amount)]); await this.later(first);',
    'const chosen = order.amount > 1 ? this.a() : Promise.resolve(0); await this.b(); await chosen;',
    'const run = async (work) => { await work(); }; await run(() => this.a());',
    'const all = []; for (const i of order.items) all.push(this.a(i)); for (const one of all) await one;',
    'const byItem = new Map(order.items.map((i) => [i, this.a(i)])); await Promise.all(byItem.values());',
    'await Promise.all(order.items.map((i) => [i, 1]));',
    '(cov().s[0]++, await this.a()); return (cov().s[1]++, order);',
    'const results = await Promise.all(order.items.map((i) => this.a(i))); return results.map((r) => r * 2);',
    'const jobs = { x: this.a(), y: this.b() }; const [x, y] = await Promise.all(Object.values(jobs)); return { x, y };',
    'const small = order.items.filter((i) => i.length < 3); await Promise.all(small.map((i) => this.a(i)));',
    'const limit = this.limits.of(order); return limit;',
    'return toResult(order, await this.a());',
    'let last = Promise.resolve(); for (const i of order.items) last = last.then(() => this.a(i)); await last;',
  ])('are allowed where they cannot change on replay: %s', (body) => {
    expect(problemsOf(written(body))).toEqual([]);
  });
});

describe('a class that cannot run as it is written', () => {
  it('has all its problems in one error, under the name of the process', () => {
    @CatgaProcess(Order, { name: 'Orders' })
    class P extends Steps {
      async execute() {
        await helper(1);
        await fetch('https://x');
      }
      protected async compensateShip() {}
    }
    const error = expectError(() => read(P), ProcessDefinitionError);
    expect(error.code).toBe('CATGA_PROCESS_DEFINITION');
    expect(error.process).toBe('Orders');
    expect(error.message).toMatch(/^Process Orders cannot run as it is written:\n  - .*\n  - .*\n  - /);
    expect(error.details['problems']).toHaveLength(3);
  });

  it.each<[string, string, RegExp[]]>([
    ['no execute', 'async excute() {}', [/has no method execute.*Did you mean "excute"/]],
    ['execute as a field', 'execute = async () => 1;', [/as a method, not as a field/]],
    ['execute that is not async', 'execute() { return 1; }', [/no native async function/]],
    ['execute as a generator', 'async *execute() { yield 1; }', [/is a generator/]],
    [
      'a mistyped compensation',
      'async execute() { await this.reserve(); } async reserve() {} async compensateReserv() {}',
      [
        /"compensateReserv" undoes no step: execute awaits no "reserv"\. Did you mean "compensateReserve"\? Its steps: "reserve"/,
      ],
    ],
    [
      'a compensation of nothing',
      'async execute() {} async compensateShip() {}',
      [/"compensateShip" undoes no step.*It has no steps/],
    ],
    [
      'a compensation that the flow calls as well',
      'async execute() { try { await this.a(); } catch { await this.compensateA(); } } async compensateA() {}',
      [/"compensateA" is the compensation of a step.*done twice/],
    ],
    [
      'a step that does not exist',
      'async execute() { await this.reserv(); } async reserve() {}',
      [/^`this\.reserv\(\)` in execute: P has no method "reserv"\. Did you mean "reserve"\?/],
    ],
    [
      'a step that is an accessor',
      'async execute() { await this.rate(); } get rate() { return async () => 1; }',
      [/"rate" is an accessor\. Make it a method/],
    ],
    [
      'a step that is also plain code',
      'async execute() { this.a(); await this.a(); }',
      [/"a" is awaited as a step and also used as plain code/],
    ],
    [
      'plain code that calls a step',
      'async execute() { this.both(); await this.a(); } async both() { this.deep(); } async deep() { await this.a(); }',
      [/"deep" is plain code, for nobody awaits it, but it calls the step "a"\. Mark it with @Inline\(\)/],
    ],
    [
      '#private members, fields and methods',
      '#rate = 1; async execute() { await this.#charge(); } async #charge() { return this.#rate; }',
      [/^#rate: .*`this\.#rate` throws.*`private rate`/, /^#charge: .*`private charge`/],
    ],
    [
      'a generator as a step',
      'async execute() { await this.items(); } async *items() { yield 1; }',
      [/"items" is a generator/],
    ],
  ])('says what to write: %s', (_what, members, messages) => {
    const target = evaluate(`class P extends Steps { ${members} }`);
    expect(problemsOf(target)).toEqual(messages.map((message) => expect.stringMatching(message)));
  });

  it('finds #private members that an old target has compiled away', () => {
    const source = 'class P { #rate = 1; async execute() { await this.a(); } async a() { return this.#rate; } }';
    const { code } = transformSync(`function make() { ${source} return P; }`, { jsc: { target: 'es2021' } });
    const target = evaluate(`(function () { ${code.replaceAll(/^import .*$/gm, '')} return make(); })()`);
    expect(problemsOf(target)).toEqual([expect.stringMatching(/^#private members.*`private` \(TypeScript\).*ES2022/)]);
  });

  it('is refused when it is request-scoped, misnamed or not decorated itself', () => {
    @CatgaProcess(Order)
    @Injectable({ scope: Scope.REQUEST })
    class Scoped extends Steps {
      async execute() {
        await this.a();
      }
    }
    @CatgaProcess(Order, { name: 'Order: new' })
    class Named extends Steps {
      async execute() {
        await this.a();
      }
    }
    @CatgaProcess(Order, { name: 'lease' })
    class Reserved extends Steps {
      async execute() {
        await this.a();
      }
    }
    class Derived extends Named {}
    expect(problemsOf(Scoped, false)).toEqual([expect.stringMatching(/request-scoped or transient/)]);
    expect(problemsOf(Named, false)).toEqual([expect.stringMatching(/"Order: new" contains ":"/)]);
    expect(problemsOf(Reserved, false)).toEqual([expect.stringMatching(/"lease" is an option/)]);
    expect(problemsOf(Derived, false)).toEqual([expect.stringMatching(/Derived has no @CatgaProcess/)]);
  });
});

describe('the explicit style', () => {
  it('names steps and gives them options', () => {
    const key = (item: string) => item;
    const retryIf = () => false;
    class P {
      async execute(order: Order) {
        for (const item of order.items) await this.chargeCard(item);
        await this.tell();
      }
      @ProcessStep('charge', {
        timeout: '1m',
        retry: 5,
        backoff: '2s',
        onUnknown: 'ask',
        compensate: 'started',
        formerly: 'processPayment',
        key,
      })
      private async chargeCard(_item: string) {}
      @Timeout('5s')
      @Retry({ attempts: 2, backoff: 10, maxBackoff: 20, retryIf })
      @ProcessStep({ formerly: ['notify', 'say'] })
      private async tell() {}
    }
    expect(inferred(P).steps).toEqual([
      {
        name: 'charge',
        alternatives: [{ method: 'chargeCard' }],
        timeout: 60_000,
        retry: { attempts: 5, backoff: 2_000, maxBackoff: 300_000 },
        onUnknown: 'ask',
        compensate: 'started',
        formerly: ['processPayment'],
        key,
      },
      {
        name: 'tell',
        alternatives: [{ method: 'tell' }],
        timeout: 5_000,
        retry: { attempts: 2, backoff: 10, maxBackoff: 20, retryIf },
        onUnknown: 'retry',
        compensate: 'in-doubt',
        formerly: ['notify', 'say'],
      },
    ]);
  });

  it('takes @Timeout and @Retry on the class for all steps, and those on a method before them', () => {
    @Timeout('5s')
    @Retry({ attempts: 7 })
    class P extends Steps {
      async execute() {
        await this.a();
        await this.slow();
      }
      @Timeout('1h')
      private async slow() {}
    }
    expect(inferred(P).steps.map(({ timeout, retry }) => [timeout, retry.attempts])).toEqual([
      [5_000, 7],
      [3_600_000, 7],
    ]);
  });

  it('finds compensations by name of step or method, by @Compensate and by @CompensationStep', () => {
    class P {
      async execute() {
        await this.reserveStock();
        await this.book();
        await this.pay();
        await this.ship();
      }
      @ProcessStep('reserve') private async reserveStock() {}
      private async compensateReserve() {}
      @ProcessStep('room') private async book() {}
      private async compensateBook() {}
      @Compensate('refund') private async pay() {}
      @CompensationStep() private async refund() {}
      private async ship() {}
      @CompensationStep('ship') private async takeBack() {}
    }
    expect(inferred(P).steps.map((step) => [step.name, step.alternatives[0]?.compensation])).toEqual([
      ['reserve', 'compensateReserve'],
      ['room', 'compensateBook'],
      ['pay', 'refund'],
      ['ship', 'takeBack'],
    ]);
  });

  it('chooses among alternatives of one step by @Condition, in the order of the class', () => {
    class P {
      async execute(order: Order) {
        await this.shipStandard(order);
      }
      @ProcessStep('ship') @Condition('isUrgent') private async shipExpress(_order: Order) {}
      @ProcessStep('ship') private async shipStandard(_order: Order) {}
      private compensateShip() {}
      private isUrgent(order: Order) {
        return order.amount > 1000;
      }
    }
    const { steps, flow } = inferred(P);
    expect(flow).toEqual([s('ship')]);
    expect(steps.map((step) => step.alternatives)).toEqual([
      [
        { method: 'shipExpress', condition: 'isUrgent', compensation: 'compensateShip' },
        { method: 'shipStandard', compensation: 'compensateShip' },
      ],
    ]);
  });

  it.each<[string, RegExp, () => Type<object>]>([
    [
      'a step that the flow never awaits',
      /"charge" has @ProcessStep\(\), but execute does not await it/,
      () => {
        class P extends Steps {
          async execute() {
            await this.a();
          }
          @ProcessStep() async charge() {}
        }
        return P;
      },
    ],
    [
      'two steps of one name',
      /"a" and "b" share the step name "b".*@Condition/,
      () => {
        class P {
          async execute() {
            await this.a();
            await this.b();
          }
          @ProcessStep('b') async a() {}
          async b() {}
        }
        return P;
      },
    ],
    [
      'a condition that is no method',
      /@Condition\('isUrgnt'\) on "a": P has no method "isUrgnt"\. Did you mean "isUrgent"/,
      () => {
        class P {
          async execute() {
            await this.a();
          }
          @Condition('isUrgnt') async a() {}
          isUrgent() {
            return true;
          }
        }
        return P;
      },
    ],
    [
      'a condition that has to be waited for',
      /"isUrgent" is async, but the choice is made at once/,
      () => {
        class P {
          async execute() {
            await this.a();
          }
          @Condition('isUrgent') async a() {}
          async isUrgent() {
            return true;
          }
        }
        return P;
      },
    ],
    [
      'a compensation that is no method',
      /@Compensate\('undoo'\) on "a": P has no method "undoo"\. Did you mean "undo"/,
      () => {
        class P {
          async execute() {
            await this.a();
          }
          @Compensate('undoo') async a() {}
          async undo() {}
        }
        return P;
      },
    ],
    [
      'a compensation of a step that is none',
      /@CompensationStep\('b'\) on "undo": there is no step "b"\. Its steps: "first"/,
      () => {
        class P {
          async execute() {
            await this.first();
          }
          async first() {}
          @CompensationStep('b') async undo() {}
        }
        return P;
      },
    ],
    [
      'a compensation that no step refers to',
      /"undo" has @CompensationStep\(\), but no step refers to it/,
      () => {
        class P extends Steps {
          async execute() {
            await this.a();
          }
          @CompensationStep() async undo() {}
        }
        return P;
      },
    ],
    [
      'two compensations of one step',
      /"undo" and "revert" both say that they undo step "first"/,
      () => {
        class P {
          async execute() {
            await this.first();
          }
          async first() {}
          @CompensationStep('first') async undo() {}
          @CompensationStep('first') async revert() {}
        }
        return P;
      },
    ],
    [
      'a former name that is still a step',
      /Step "b" was formerly "a", but there still is a step "a"/,
      () => {
        class P {
          async execute() {
            await this.a();
            await this.b();
          }
          async a() {}
          @ProcessStep({ formerly: 'a' }) async b() {}
        }
        return P;
      },
    ],
    [
      'a name that keys are made with',
      /The step name "charge:card" contains ":"/,
      () => {
        class P {
          async execute() {
            await this.a();
          }
          @ProcessStep('charge:card') async a() {}
        }
        return P;
      },
    ],
    [
      'a name with a space at its end',
      /The step name "charge " begins or ends with a space/,
      () => {
        class P {
          async execute() {
            await this.a();
          }
          @ProcessStep('charge ') async a() {}
        }
        return P;
      },
    ],
    [
      'a policy on a method that is no step',
      /"note" has @Timeout, but it is no step/,
      () => {
        class P extends Steps {
          async execute() {
            this.note();
            await this.a();
          }
          @Timeout('1s') note() {}
        }
        return P;
      },
    ],
    [
      'a timeout that stands twice',
      /"a" says its timeout twice/,
      () => {
        class P {
          async execute() {
            await this.a();
          }
          @Timeout('1s') @ProcessStep({ timeout: '2s' }) async a() {}
        }
        return P;
      },
    ],
    [
      'a duration that is none',
      /P\.a\.timeout: "soon" is not a duration/,
      () => {
        class P {
          async execute() {
            await this.a();
          }
          @ProcessStep({ timeout: 'soon' as '1s' }) async a() {}
        }
        return P;
      },
    ],
    [
      'a step that is part of the flow',
      /"a" is both @Inline\(\) and @ProcessStep\(\)/,
      () => {
        class P {
          async execute() {
            await this.a();
          }
          @Inline() @ProcessStep() async a() {}
        }
        return P;
      },
    ],
  ])('says what is wrong: %s', (_what, message, define) => {
    expect(problemsOf(define())).toEqual([expect.stringMatching(message)]);
  });

  it('keeps the codec, the tags and the policy for existing ids', () => {
    const codec = { name: 'own', encode: () => '', decode: () => 0 };
    @CatgaProcess(Order, { name: 'Orders', onExisting: 'reject', tags: (order) => [`customer:${order.customerId}`] })
    @Serializer(codec)
    class P extends Steps {
      async execute() {
        await this.a();
      }
    }
    const blueprint = read(P);
    expect(blueprint).toMatchObject({ name: 'Orders', onExisting: 'reject', codec });
    expect(blueprint.tagsOf?.(new Order('1', 'c9'))).toEqual(['customer:c9']);
  });
});

describe('the id of a run', () => {
  const idOf = (target: Process) => inferred(target).idOf;
  class Plain extends Steps {
    async execute(_command: object) {
      await this.a();
    }
  }

  it("is the command's id, else its first string property that ends in Id", () => {
    const of = idOf(class extends Plain {});
    expect(of({ customerId: 'c1', id: 7 })).toBe('7');
    expect(of({ paid: true, lineId: 3, orderId: 'o1', customerId: 'c1' })).toBe('o1');
    expect(of({ id: undefined, orderId: 'o2' })).toBe('o2');
  });

  it('is never taken from another property because the right one is empty', () => {
    const of = idOf(class extends Plain {});
    for (const command of [
      { orderId: '', customerId: 'c1' },
      { id: '', orderId: 'o1' },
    ]) {
      const error = expectError(() => of(command), ProcessIdError);
      expect(error.code).toBe('CATGA_PROCESS_ID');
      expect(error.kind).toBe('request');
    }
  });

  it('is asked for when the command has none', () => {
    class Anonymous extends Plain {}
    expect(() => idOf(Anonymous)({ amount: 1 })).toThrow(
      /Anonymous cannot be started: Order has neither an "id" nor a string property.*@ProcessId/,
    );
  });

  it('is made by @ProcessId, a function or a method that needs no instance', () => {
    @ProcessId((order: Order) => `${order.customerId}-${order.orderId}`)
    class ByFunction extends Plain {}
    @ProcessId('keyOf')
    class ByMethod extends Plain {
      keyOf(order: Order) {
        return order.amount;
      }
    }
    @ProcessId(() => '')
    class Empty extends Plain {}
    expect(idOf(ByFunction)(new Order('o1', 'c1'))).toBe('c1-o1');
    expect(idOf(ByMethod)(new Order('o1', 'c1', [], 12))).toBe('12');
    expect(() => idOf(Empty)(new Order('o1'))).toThrow(ProcessIdError);
  });

  it('must come from a method that is there and answers at once', () => {
    @ProcessId('keyOff')
    class Missing extends Plain {
      keyOf() {
        return '1';
      }
    }
    @ProcessId('keyOf')
    class Waiting extends Plain {
      async keyOf() {
        return '1';
      }
    }
    expect(problemsOf(Missing)).toEqual([expect.stringMatching(/@ProcessId\('keyOff'\).*Did you mean "keyOf"/)]);
    expect(problemsOf(Waiting)).toEqual([expect.stringMatching(/"keyOf" is async, but the id is needed at once/)]);
  });
});

describe('steps of the base class and of the context', () => {
  it('are drawn and listed by their names; their bodies may await anything', () => {
    class Charge {}
    class P extends Base {
      async execute(order: Order) {
        const rate = await this.step('rate', async () => helper(await fetch('https://x')));
        await this.sleep('1d');
        if (this.now() > rate) await this.send(new Charge());
        await this.stepAll([
          { name: 'a', work: () => helper(1) },
          { name: 'b', work: () => new Promise(() => {}) },
        ]);
        await Promise.all(order.items.map((item) => this.step(`ship-${item}`, () => helper(item))));
      }
    }
    const blueprint = inferred(P);
    expect(blueprint.flow).toEqual([
      s('rate'),
      when('this.now() > rate', [s('Charge')]),
      all([s('a')], [s('b')]),
      all([loop('order.items', s('`ship-${item}`'))]),
    ]);
    expect(blueprint.steps).toEqual([]);
    expect(toDefinition(blueprint).steps.map((step) => step.name)).toEqual(['rate', 'Charge', 'a', 'b']);
  });

  it('are allowed on an injected ProcessContext, whatever its field is called', () => {
    class Through {
      constructor(readonly flow: ProcessContext) {}
      async execute() {
        await this.flow.step('rate', () => helper(1));
        await this.ship();
      }
      async ship() {}
    }
    Reflect.defineMetadata('design:paramtypes', [ProcessContext], Through);
    class Field extends Steps {
      @Inject() readonly run!: ProcessContext;
      async execute() {
        await this.run.step('rate', () => helper(1));
        await helper(2);
      }
    }
    expect(flowOf(Through)).toEqual([s('rate'), s('ship')]);
    expect(problemsOf(Field)).toEqual([expect.stringMatching(/await helper\(2\).*`await this\.run\.step\('helper'/)]);
  });

  it('have no compensation by name, and hide no method', () => {
    class P extends Base {
      async execute() {
        await this.step('rate', () => 1);
      }
      async compensateRate() {}
    }
    class Hides extends Base {
      async execute() {
        await this.ship();
      }
      async ship() {}
      override async sleep() {}
    }
    expect(problemsOf(P)).toEqual([expect.stringMatching(/"compensateRate" cannot undo "rate".*Make it a method/)]);
    expect(problemsOf(Hides)).toEqual([expect.stringMatching(/"sleep" hides the method of CatgaProcessBase/)]);
  });

  it('must not hold other steps', () => {
    class P extends Base {
      async execute() {
        await this.ship();
        await this.step('all', () => this.ship());
      }
      async ship() {}
    }
    expect(problemsOf(P)).toEqual([expect.stringMatching(/"ship" is awaited as a step and also used as plain code/)]);
    const nested = written(`await this.step('outer', () => this.step('inner', () => 1));`, '', 'Base');
    expect(problemsOf(nested)).toEqual([
      expect.stringMatching(/^`this\.step\('inner', .*a step cannot hold another one/),
    ]);
  });
});

function expectError<E extends Error>(act: () => unknown, type: new (...args: never[]) => E): E {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(type);
    return error as E;
  }
  throw new Error(`expected ${type.name}`);
}
