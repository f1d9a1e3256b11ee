import { Injectable, HttpException, Module, Scope } from '@nestjs/common';
import { Inject } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Type as Nested } from 'class-transformer';
import { IsInt, IsNotEmpty, Min, ValidateNested } from 'class-validator';
import { z } from 'zod';
import {
  AuthorizationBehavior,
  CatgaModule,
  Command,
  CommandHandler,
  DomainError,
  EventHandler,
  LoggingBehavior,
  Mediator,
  MediatorMetrics,
  MessageAuthorizer,
  MessageInvalidError,
  MetricsBehavior,
  Retry,
  RetryAfterError,
  RetryBehavior,
  Timeout,
  TimeoutBehavior,
  UseBehaviors,
  ValidationBehavior,
  type BehaviorRef,
  type DispatchTarget,
  type HandlerContext,
  type Next,
  type PipelineBehavior,
} from '@catga/core';
import { closeApps, deferred, logs, startApp, startModule, turn } from './support/start-app.js';

const log: string[] = [];
/** A behaviour class of its own that notes when a message passes it. */
function noting(name: string): new () => PipelineBehavior {
  @Injectable()
  class NotingBehavior implements PipelineBehavior {
    async handle(message: object, next: Next, context: HandlerContext) {
      log.push(`>${name}`);
      const result = await next(message, context);
      log.push(`<${name}`);
      return result;
    }
  }
  return NotingBehavior;
}

class Work extends Command<string> {}
@CommandHandler(Work)
class WorkHandler {
  async execute() {
    log.push('handler');
    return 'done';
  }
}
/** An application in which Work is handled by this function. */
async function appWith(
  execute: (message: Work, context: HandlerContext) => unknown,
  behaviors: readonly BehaviorRef[] = [],
  decorators: readonly ClassDecorator[] = [],
) {
  @CommandHandler(Work)
  class SomeHandler {
    execute(message: Work, context: HandlerContext): unknown {
      return execute(message, context);
    }
  }
  for (const decorator of decorators) decorator(SomeHandler);
  return startApp({ providers: [SomeHandler], options: { mediator: { behaviors } } });
}

describe('behaviours', () => {
  beforeEach(() => (log.length = 0));
  afterEach(closeApps);

  describe('pipeline', () => {
    it('runs global behaviours, then those of the message, then those of the handler, around it', async () => {
      const [A, B, C, D, E] = ['A', 'B', 'C', 'D', 'E'].map(noting) as [never, never, never, never, never];
      @UseBehaviors(C, D)
      class Ordered extends Command<string> {}
      @CommandHandler(Ordered)
      @UseBehaviors(E)
      class OrderedHandler {
        async execute() {
          log.push('handler');
          return 'ok';
        }
      }
      const { mediator } = await startApp({
        providers: [OrderedHandler],
        options: { mediator: { behaviors: [A, B] } },
      });
      expect(await mediator.send(new Ordered())).toBe('ok');
      expect(log.join(' ')).toBe('>A >B >C >D >E handler <E <D <C <B <A');
    });

    it('holds each behaviour class once: the most specific one, at the outermost place', async () => {
      const A = noting('A');
      const B = noting('B');
      const special: BehaviorRef = {
        behavior: A,
        inject: [],
        create: () => ({
          handle: (message: object, next: Next, context: HandlerContext) => {
            log.push('special A');
            return next(message, context);
          },
        }),
      };
      const { mediator } = await appWith(() => 'x', [A, B], [UseBehaviors(special)]);
      await mediator.send(new Work());
      expect(log).toEqual(['special A', '>B', '<B']);
    });

    it('is compiled once for each message type; a behaviour that takes no part is not called', async () => {
      const targets: DispatchTarget[] = [];
      @Injectable()
      class Picky implements PipelineBehavior {
        prepare(target: DispatchTarget) {
          targets.push(target);
          return target.kind === 'event' ? this : undefined;
        }
        async handle(message: object, next: Next, context: HandlerContext) {
          log.push('picky');
          return next(message, context);
        }
      }
      class Noted {}
      @EventHandler(Noted)
      class NotedHandler {
        handle() {
          log.push('noted');
        }
      }
      const { mediator } = await startApp({
        providers: [WorkHandler, NotedHandler],
        options: { mediator: { behaviors: [Picky] } },
      });
      for (let round = 0; round < 3; round++) await mediator.send(new Work());
      await mediator.publish(new Noted());
      expect(log).toEqual(['handler', 'handler', 'handler', 'picky', 'noted']);
      expect(targets).toHaveLength(2);
      expect(targets.find(({ kind }) => kind === 'command')).toEqual({
        kind: 'command',
        messageType: Work,
        messageName: 'Work',
        handlerName: 'WorkHandler',
        handlerType: WorkHandler,
      });
    });

    it('lets a behaviour answer itself, change the message, or see a handler that throws at once', async () => {
      class Ask extends Command<string> {
        constructor(readonly text: string) {
          super();
        }
      }
      @CommandHandler(Ask)
      class AskHandler {
        execute(ask: Ask) {
          if (ask.text === 'bad') throw new Error('sync');
          return ask.text;
        }
      }
      class Changing implements PipelineBehavior {
        handle(message: object, next: Next, context: HandlerContext) {
          const { text } = message as Ask;
          if (text === 'cached') return Promise.resolve('from the cache');
          return next(new Ask(text.trim()), context).catch((error: Error) => `caught ${error.message}`);
        }
      }
      const { mediator } = await startApp({
        providers: [AskHandler],
        options: { mediator: { behaviors: [new Changing()] } },
      });
      expect(await mediator.send(new Ask('cached'))).toBe('from the cache');
      expect(await mediator.send(new Ask('  x '))).toBe('x');
      expect(await mediator.send(new Ask('bad'))).toBe('caught sync');
    });

    it('says what to write when a behaviour calls next without its arguments', async () => {
      const forgetful: PipelineBehavior = { handle: (_message, next) => (next as () => Promise<unknown>)() };
      const { mediator } = await appWith(() => 'x', [forgetful]);
      await expect(mediator.send(new Work())).rejects.toMatchObject({
        code: 'CATGA_BEHAVIOR_MISUSE',
        message: expect.stringContaining('return next(message, context)'),
      });
    });

    it('injects behaviours: from any module, or made with the dependencies of the handler’s module', async () => {
      @Injectable()
      class Audit {
        readonly names: string[] = [];
      }
      @Injectable()
      class ProvidedBehavior implements PipelineBehavior {
        constructor(readonly audit: Audit) {}
        async handle(message: object, next: Next, context: HandlerContext) {
          this.audit.names.push('provided');
          return next(message, context);
        }
      }
      @Injectable()
      class MadeBehavior extends ProvidedBehavior {
        constructor(audit: Audit) {
          super(audit);
        }
        override async handle(message: object, next: Next, context: HandlerContext) {
          this.audit.names.push('made');
          return next(message, context);
        }
      }
      @CommandHandler(Work)
      @UseBehaviors(MadeBehavior)
      class AuditedHandler {
        async execute() {
          return 'x';
        }
      }
      @Module({ providers: [Audit, ProvidedBehavior, AuditedHandler] })
      class AuditModule {}
      const { app, mediator } = await startApp({
        imports: [AuditModule],
        options: { mediator: { behaviors: [ProvidedBehavior] } },
      });
      await mediator.send(new Work());
      expect(app.get(Audit).names).toEqual(['provided', 'made']);
    });

    it('makes request-scoped behaviours anew for each message, within the scope of the handler', async () => {
      @Injectable({ scope: Scope.REQUEST })
      class TenantBehavior implements PipelineBehavior {
        constructor(@Inject(REQUEST) private readonly request: HandlerContext) {}
        async handle(message: object, next: Next, context: HandlerContext) {
          log.push(`${this.request.tenant}`);
          return next(message, context);
        }
      }
      const { mediator } = await startApp({
        providers: [TenantBehavior, WorkHandler],
        options: { mediator: { behaviors: [TenantBehavior] } },
      });
      await mediator.send(new Work(), { tenant: 'a' });
      await mediator.send(new Work(), { tenant: 'b' });
      expect(log).toEqual(['a', 'handler', 'b', 'handler']);
    });

    it('fails at boot for a behaviour that cannot be used, naming it and its message', async () => {
      class NoMethod {}
      @Injectable()
      class Unresolvable implements PipelineBehavior {
        constructor(@Inject('nowhere') readonly missing: unknown) {}
        handle(message: object, next: Next, context: HandlerContext) {
          return next(message, context);
        }
      }
      const start = (behavior: unknown) => appWith(() => 'x', [behavior as BehaviorRef]);
      await expect(start(NoMethod)).rejects.toMatchObject({
        code: 'CATGA_INVALID_BEHAVIOR',
        message: expect.stringMatching(/NoMethod of Work \(SomeHandler\).*no method handle/),
      });
      await expect(start(Unresolvable)).rejects.toMatchObject({
        code: 'CATGA_INVALID_BEHAVIOR',
        message: expect.stringMatching(/Unresolvable of Work.*Add it to the providers/s),
      });
      await expect(start(undefined)).rejects.toMatchObject({ code: 'CATGA_INVALID_OPTION' });
    });
  });

  describe('validation', () => {
    class CreateOrder extends Command<object> {
      static readonly schema = z.object({
        orderId: z.string().min(1),
        quantity: z.coerce.number().int().positive(),
        currency: z.string().default('EUR'),
        lines: z.array(z.object({ price: z.number() })),
      });
      readonly currency?: string;
      constructor(
        readonly orderId: string,
        readonly quantity: unknown,
        readonly lines: { price: unknown }[] = [],
      ) {
        super();
      }
    }
    @CommandHandler(CreateOrder)
    class CreateOrderHandler {
      async execute(command: CreateOrder) {
        return command;
      }
    }
    class Line {
      @Min(1)
      readonly quantity: number;
      constructor(quantity: number) {
        this.quantity = quantity;
      }
    }
    class Decorated extends Command<string> {
      @IsNotEmpty()
      readonly name: string;
      @IsInt({ message: 'age must be whole' })
      readonly age: number;
      @ValidateNested({ each: true })
      @Nested(() => Line)
      readonly lines: Line[];
      constructor(name: string, age: number, lines: Line[] = []) {
        super();
        this.name = name;
        this.age = age;
        this.lines = lines;
      }
    }
    @CommandHandler(Decorated)
    class DecoratedHandler {
      async execute() {
        log.push('handled');
        return 'ok';
      }
    }
    const providers = [CreateOrderHandler, DecoratedHandler];

    it('refuses a message that its Standard Schema refuses, with the path of every fault', async () => {
      const { mediator } = await startApp({ providers });
      const error = (await mediator
        .send(new CreateOrder('', 0, [{ price: 1 }, { price: 'x' }]))
        .catch((thrown: unknown) => thrown)) as MessageInvalidError;
      expect(error).toBeInstanceOf(MessageInvalidError);
      expect(error).toMatchObject({ code: 'CATGA_MESSAGE_INVALID', kind: 'request' });
      expect(error.faults.map(({ path, pointer }) => `${path} ${pointer}`)).toEqual([
        'orderId #/orderId',
        'quantity #/quantity',
        'lines.1.price #/lines/1/price',
      ]);
    });

    it('hands on what the schema has converted, as an instance of the message, and leaves the original alone', async () => {
      const { mediator } = await startApp({ providers });
      const sent = new CreateOrder('1', '3', [{ price: 2 }]);
      const handled = await mediator.send(sent);
      expect(handled).toBeInstanceOf(CreateOrder);
      expect(handled).toMatchObject({ orderId: '1', quantity: 3, currency: 'EUR' });
      expect(sent).toMatchObject({ quantity: '3' });
      const unchanged = Object.assign(new CreateOrder('1', 3, [{ price: 2 }]), { currency: 'CHF' });
      expect(await mediator.send(unchanged)).toBe(unchanged);
    });

    it('refuses a message that class-validator refuses, nested objects included', async () => {
      const { mediator } = await startApp({ providers });
      const sent = mediator.send(new Decorated('', 1.5, [new Line(1), new Line(0)]));
      await expect(sent).rejects.toMatchObject({
        code: 'CATGA_MESSAGE_INVALID',
        faults: [
          { path: 'name' },
          { path: 'age', message: 'age must be whole' },
          { path: 'lines.1.quantity', pointer: '#/lines/1/quantity' },
        ],
      });
      expect(log).toEqual([]);
      expect(await mediator.send(new Decorated('Ada', 36))).toBe('ok');
    });

    it('can be switched off, and stands where it is listed', async () => {
      const off = await startApp({ providers, options: { mediator: { validation: false } } });
      expect(await off.mediator.send(new Decorated('', 1.5))).toBe('ok');
      const A = noting('A');
      const inner = await startApp({ providers, options: { mediator: { behaviors: [ValidationBehavior, A] } } });
      log.length = 0;
      await expect(inner.mediator.send(new Decorated('', 1.5))).rejects.toMatchObject({
        code: 'CATGA_MESSAGE_INVALID',
      });
      expect(log).toEqual([]);
    });
  });

  describe('retry', () => {
    const fast = { backoff: 1, maxBackoff: 2 };
    /** Fails with these errors, one a call, then answers. */
    const failing = (errors: readonly unknown[], calls: number[] = []) => {
      let call = 0;
      return async () => {
        calls.push(++call);
        if (call <= errors.length) throw errors[call - 1];
        return `call ${call}`;
      };
    };

    it('tries again until it works, as often as @Retry says, then throws the last error as it is', async () => {
      const errors = [new Error('1'), new Error('2'), new Error('3')];
      const good = await appWith(failing(errors.slice(0, 2)), [], [Retry({ ...fast, attempts: 3 })]);
      expect(await good.mediator.send(new Work())).toBe('call 3');
      const bad = await appWith(failing(errors), [], [Retry({ ...fast, attempts: 3 })]);
      await expect(bad.mediator.send(new Work())).rejects.toBe(errors[2]);
    });

    it.each([
      ['a business refusal', new DomainError('no')],
      ['a refusal of HTTP', new HttpException('conflict', 409)],
      ['an invalid message', new MessageInvalidError('Work', [])],
      ['what retryIf says no to', new Error('permanent')],
    ])('does not try %s again', async (_what, error) => {
      const calls: number[] = [];
      const retry = RetryBehavior.with({ ...fast, retryIf: (e) => (e as Error).message !== 'permanent' });
      const { mediator } = await appWith(failing([error], calls), [retry]);
      await expect(mediator.send(new Work())).rejects.toBe(error);
      expect(calls).toEqual([1]);
    });

    it('waits as long as a RetryAfterError says instead of the configured backoff', async () => {
      const calls: number[] = [];
      const retry = RetryBehavior.with({ attempts: 2, backoff: '1h' });
      const { mediator } = await appWith(failing([new RetryAfterError('busy', 1)], calls), [retry]);
      expect(await mediator.send(new Work())).toBe('call 2');
    });

    it('ends at once when nobody waits any more', async () => {
      const calls: number[] = [];
      const { mediator } = await appWith(failing([new Error('away')], calls), [RetryBehavior.with({ backoff: '1h' })]);
      const controller = new AbortController();
      const sent = mediator.send(new Work(), { signal: controller.signal });
      await turn();
      controller.abort();
      await expect(sent).rejects.toThrow('away');
      expect(calls).toEqual([1]);
    });

    it('prefers the options of @Retry on the handler to those of the global behaviour, and runs once', async () => {
      const calls: number[] = [];
      const errors = Array.from({ length: 9 }, () => new Error('x'));
      const { mediator } = await appWith(
        failing(errors, calls),
        [RetryBehavior.with({ ...fast, attempts: 5 })],
        [Retry({ attempts: 2 })],
      );
      await expect(mediator.send(new Work())).rejects.toThrow('x');
      expect(calls).toEqual([1, 2]);
    });

    it('tries only the event handler again that failed, by the decorator on its method', async () => {
      class Noted {}
      @EventHandler(Noted)
      class Steady {
        handle() {
          log.push('steady');
        }
      }
      @EventHandler(Noted)
      class Flaky {
        @Retry(fast)
        async handle() {
          log.push('flaky');
          if (log.filter((entry) => entry === 'flaky').length < 3) throw new Error('not yet');
        }
      }
      const { mediator } = await startApp({ providers: [Steady, Flaky] });
      await mediator.publish(new Noted());
      expect(log.sort()).toEqual(['flaky', 'flaky', 'flaky', 'steady']);
    });

    it('refuses an option that does not exist', () => {
      expect(() => RetryBehavior.with({ atempts: 3 } as object)).toThrow(
        /no option "atempts". Did you mean "attempts"/,
      );
    });
  });

  describe('timeout', () => {
    it('ends the wait, aborts the signal, names message and handler, and ignores the late answer', async () => {
      const gate = deferred();
      let signal: AbortSignal | undefined;
      const { mediator } = await appWith(
        async (_message, context) => {
          signal = context.signal;
          await gate.promise;
          log.push('late');
          return 'late';
        },
        [],
        [Timeout('20ms')],
      );
      const sent = mediator.send(new Work());
      await expect(sent).rejects.toMatchObject({
        code: 'CATGA_MESSAGE_TIMEOUT',
        message: expect.stringContaining('Work was not handled by SomeHandler within 20 ms'),
      });
      expect(signal?.aborted).toBe(true);
      expect(signal?.reason).toMatchObject({ code: 'CATGA_MESSAGE_TIMEOUT' });
      gate.resolve();
      await turn();
      expect(log).toEqual(['late']);
    });

    it('hands a fast answer or error on and leaves its signal alone', async () => {
      let signal: AbortSignal | undefined;
      const { mediator } = await appWith(
        async (_message, context) => {
          signal = context.signal;
          return 'fast';
        },
        [TimeoutBehavior.with('20ms')],
      );
      expect(await mediator.send(new Work())).toBe('fast');
      await new Promise((resolve) => setTimeout(resolve, 40));
      expect(signal?.aborted).toBe(false);
      const failing = await appWith(() => Promise.reject(new Error('own')), [TimeoutBehavior.with('1m')]);
      await expect(failing.mediator.send(new Work())).rejects.toThrow('own');
    });

    it('follows the signal of the caller', async () => {
      const controller = new AbortController();
      const { mediator } = await appWith(
        (_message, { signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
        [TimeoutBehavior.with('1m')],
      );
      const sent = mediator.send(new Work(), { signal: controller.signal });
      await turn();
      controller.abort(new Error('caller left'));
      await expect(sent).rejects.toThrow('caller left');
    });

    it('limits each attempt of a retry, every one with a signal of its own', async () => {
      const signals: AbortSignal[] = [];
      const { mediator } = await appWith(
        async (_message, { signal }) => {
          signals.push(signal);
          if (signals.length === 1) await new Promise(() => {});
          return 'second';
        },
        [],
        [Retry({ attempts: 2, backoff: 1 }), Timeout(20)],
      );
      expect(await mediator.send(new Work())).toBe('second');
      expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
    });

    it('serves many messages at once, each in its time', async () => {
      const { mediator } = await appWith(
        async (message) => {
          const wait = (message as Work & { wait: number }).wait;
          await new Promise((resolve) => setTimeout(resolve, wait).unref());
          return wait;
        },
        [TimeoutBehavior.with(60)],
      );
      const send = (wait: number) => mediator.trySend(Object.assign(new Work(), { wait }));
      const results = await Promise.all([send(1), send(10_000), send(2), send(10_000), send(3)]);
      expect(results.map(({ ok }) => ok)).toEqual([true, false, true, false, true]);
    });
  });

  describe('metrics', () => {
    it('count messages and failures and give percentiles by message type and handler', async () => {
      let call = 0;
      const { app, mediator } = await appWith(async () => {
        if (++call % 4 === 0) throw new Error('every fourth');
        return 'x';
      }, [MetricsBehavior]);
      await Promise.allSettled(Array.from({ length: 20 }, () => mediator.send(new Work())));
      const metrics = app.get(MediatorMetrics);
      const [work] = metrics.snapshot();
      expect(work).toMatchObject({
        kind: 'command',
        message: 'Work',
        handler: 'SomeHandler',
        count: 20,
        failures: 5,
        running: 0,
      });
      expect(work!.p50).toBeLessThanOrEqual(work!.p95);
      expect(work!.p99).toBeLessThanOrEqual(work!.max);
      metrics.reset();
      expect(metrics.snapshot()[0]).toMatchObject({ count: 0, failures: 0, p99: 0 });
    });

    it('count what runs now', async () => {
      const gate = deferred();
      const { app, mediator } = await appWith(() => gate.promise, [MetricsBehavior]);
      const sent = mediator.send(new Work());
      await turn();
      expect(app.get(MediatorMetrics).snapshot()[0]?.running).toBe(1);
      gate.resolve();
      await sent;
      expect(app.get(MediatorMetrics).snapshot()[0]?.running).toBe(0);
    });
  });

  describe('logging', () => {
    it('says what was handled, refused, failed and slow, each on its level, and never the message itself', async () => {
      const outcomes = [
        () => 'ok',
        () => Promise.reject(new DomainError('no stock')),
        () => Promise.reject(new Error('bug')),
      ];
      const { mediator } = await appWith(() => outcomes.shift()?.(), [LoggingBehavior]);
      for (let round = 0; round < 3; round++) {
        await mediator.trySend(Object.assign(new Work(), { secret: 'hunter2' }), { correlationId: 'c' });
      }
      const lines = logs.of('Mediator');
      expect(lines.map((line) => line.split(' ')[0])).toEqual(['debug', 'warn', 'error']);
      expect(lines[1]).toMatch(/Work \(SomeHandler\) failed after .* ms: DomainError: no stock/);
      expect(lines.join()).not.toContain('hunter2');
      const slow = await appWith(() => turn(), [LoggingBehavior.with({ slowerThan: 0 })]);
      await slow.mediator.send(new Work());
      expect(logs.of('Mediator').at(-1)).toMatch(/^warn .*longer than 0 ms/);
    });
  });

  describe('authorization', () => {
    @Injectable()
    class TenantAuthorizer extends MessageAuthorizer {
      async authorize(_message: object, context: HandlerContext, target: DispatchTarget) {
        log.push(target.messageName);
        return context.tenant === 'north';
      }
    }

    it('lets only those messages through that the authorizer of the application allows', async () => {
      @Module({
        imports: [CatgaModule.forRoot({ mediator: { behaviors: [AuthorizationBehavior] } })],
        providers: [WorkHandler, AuthorizationBehavior, { provide: MessageAuthorizer, useClass: TenantAuthorizer }],
      })
      class AppModule {}
      const { mediator } = await startModule(AppModule);
      expect(await mediator.send(new Work(), { tenant: 'north' })).toBe('done');
      await expect(mediator.send(new Work())).rejects.toMatchObject({
        code: 'CATGA_NOT_AUTHORIZED',
        message: expect.stringContaining('TenantAuthorizer said no'),
      });
      expect(log).toEqual(['Work', 'handler', 'Work']);
    });

    it('can be put on one message with an authorizer of its own', async () => {
      @CommandHandler(Work)
      @UseBehaviors(AuthorizationBehavior.with(TenantAuthorizer))
      class GuardedHandler {
        constructor(readonly mediator: Mediator) {}
        async execute() {
          return 'guarded';
        }
      }
      const { mediator } = await startApp({ providers: [GuardedHandler, TenantAuthorizer] });
      await expect(mediator.send(new Work())).rejects.toMatchObject({ code: 'CATGA_NOT_AUTHORIZED' });
      expect(await mediator.send(new Work(), { tenant: 'north' })).toBe('guarded');
    });
  });
});
