import { InvalidDurationError, InvalidOptionError, UnknownOptionError } from '../../src/foundation/index.js';
import { CatgaProcess, ProcessStep, Serializer } from '../../src/processes/decorators/index.js';
import { readBlueprint, resolveProcessOptions, type ProcessesOptions } from '../../src/processes/definition/index.js';

class Order {
  constructor(readonly orderId: string) {}
}
class Refund {
  constructor(readonly refundId: string) {}
}
const decorated = () => true;

@CatgaProcess(Order)
class OrderProcess {
  async execute(_order: Order) {
    await this.charge();
    await this.ship();
  }
  @ProcessStep({ timeout: '2s', retry: { attempts: 4, retryIf: decorated }, backoff: 20 })
  private async charge() {}
  private async ship() {}
}

@CatgaProcess(Refund, { name: 'RefundProcess' })
class PayBack {
  async execute(_refund: Refund) {
    await this.charge();
  }
  @ProcessStep('charge')
  private async charge() {}
}

const both = [OrderProcess, PayBack];
const policies = (options: ProcessesOptions, target: typeof OrderProcess | typeof PayBack) =>
  Object.fromEntries(
    readBlueprint(target, resolveProcessOptions(options, both)).steps.map(({ name, timeout, retry, onUnknown }) => [
      name,
      { timeout, attempts: retry.attempts, backoff: retry.backoff, onUnknown },
    ]),
  );

describe('the options of processes', () => {
  it('have the documented defaults, in milliseconds', () => {
    expect(resolveProcessOptions()).toEqual({
      lease: 15_000,
      limits: {
        historyWarning: 1_000,
        historyLimit: 10_000,
        maxPayload: 2_097_152,
        warnPayload: 262_144,
        maxClaims: 5,
        suspendAfter: 60_000,
      },
      defaults: { timeout: 30_000, retry: { attempts: 3, backoff: 1_000, maxBackoff: 300_000 } },
      retention: { age: 2_592_000_000 },
      redact: [],
      steps: new Map(),
      processes: new Map(),
    });
  });

  it('are taken as they are said', () => {
    const serializer = { name: 'own', encode: () => '', decode: () => 0 };
    const resolved = resolveProcessOptions({
      defaultTimeout: '5s',
      defaultRetry: { attempts: 9, maxBackoff: '1h' },
      defaultBackoff: '100ms',
      serializer,
      lease: '3s',
      suspendAfter: 0,
      retention: { age: false, count: 100 },
      historyWarning: 5,
      historyLimit: 10,
      maxPayload: 1_000,
      warnPayload: 100,
      maxClaims: 2,
      redact: ['iban'],
    });
    expect(resolved).toMatchObject({
      lease: 3_000,
      limits: {
        historyWarning: 5,
        historyLimit: 10,
        maxPayload: 1_000,
        warnPayload: 100,
        maxClaims: 2,
        suspendAfter: 0,
      },
      defaults: { timeout: 5_000, retry: { attempts: 9, backoff: 100, maxBackoff: 3_600_000 } },
      codec: serializer,
      redact: ['iban'],
    });
    expect(resolved.retention).toEqual({ count: 100 });
  });

  it('lower a warning with its limit', () => {
    const { limits } = resolveProcessOptions({ historyLimit: 50, maxPayload: 1_024 });
    expect(limits).toMatchObject({ historyWarning: 50, warnPayload: 1_024 });
  });

  it('rank the process before all processes, those before decorators, and those before defaults', () => {
    const options: ProcessesOptions = {
      defaultTimeout: '9s',
      defaultRetry: 2,
      steps: { charge: { timeout: '3s', onUnknown: 'ask' }, ship: { retry: 6 } },
      OrderProcess: { steps: { charge: { timeout: '4s', retry: 1 } } },
    };
    expect(policies(options, OrderProcess)).toEqual({
      charge: { timeout: 4_000, attempts: 1, backoff: 20, onUnknown: 'ask' },
      ship: { timeout: 9_000, attempts: 6, backoff: 1_000, onUnknown: 'retry' },
    });
    expect(policies(options, PayBack)).toEqual({
      charge: { timeout: 3_000, attempts: 2, backoff: 1_000, onUnknown: 'ask' },
    });
  });

  it('keep what a decorator says about the rest of a policy', () => {
    const { steps } = readBlueprint(OrderProcess, resolveProcessOptions({ steps: { charge: { retry: 8 } } }, both));
    expect(steps[0]?.retry).toEqual({ attempts: 8, backoff: 20, maxBackoff: 300_000, retryIf: decorated });
  });

  it('give a policy to steps that are no methods: what the call says, outranked by configuration', () => {
    const blueprint = readBlueprint(OrderProcess, resolveProcessOptions({ steps: { rate: { timeout: '7s' } } }));
    expect(blueprint.policyOf?.('rate', { timeout: '1s', retry: 2 })).toMatchObject({
      name: 'rate',
      alternatives: [],
      timeout: 7_000,
      retry: { attempts: 2, backoff: 1_000 },
    });
    expect(() => blueprint.policyOf?.('rate', { retry: 0 })).toThrow(/step "rate"\.retry is 0/);
  });

  it('give way to the codec of one process', () => {
    const general = { name: 'general', encode: () => '', decode: () => 0 };
    const own = { ...general, name: 'own' };
    @CatgaProcess(Order)
    @Serializer(own)
    class Special extends OrderProcess {}
    const options = resolveProcessOptions({ serializer: general });
    expect(readBlueprint(Special, options).codec).toBe(own);
    expect(readBlueprint(OrderProcess, options).codec).toBe(general);
  });

  it('take any step name where a process makes names at run time', () => {
    class Context {
      step(_name: string, work: () => unknown) {
        return Promise.resolve(work());
      }
    }
    Object.defineProperty(Context.prototype, Symbol.for('catga.process-base'), { value: true });
    @CatgaProcess(Order)
    class Dynamic extends Context {
      async execute(order: Order) {
        await this.step(`ship-${order.orderId}`, () => 1);
      }
    }
    const resolved = resolveProcessOptions({ steps: { 'ship-7': { timeout: '1s' } } }, [Dynamic]);
    expect(readBlueprint(Dynamic, resolved).policyOf?.('ship-7', {})?.timeout).toBe(1_000);
  });

  it.each<[string, RegExp, unknown]>([
    ['an option', /processes has no option "defaultTimout"\. Did you mean "defaultTimeout"\?/, { defaultTimout: '1s' }],
    [
      'a process',
      /processes has no option "OrderProces"\. Did you mean "OrderProcess"\?/,
      { OrderProces: { steps: {} } },
    ],
    [
      'an option of a process',
      /processes\.OrderProcess has no option "step"\. Did you mean "steps"\?/,
      { OrderProcess: { step: {} } },
    ],
    ['a step', /processes\.steps has no option "chrge"\. Did you mean "charge"\?/, { steps: { chrge: {} } }],
    [
      'a step of one process',
      /processes\.RefundProcess\.steps has no option "ship"/,
      { RefundProcess: { steps: { ship: {} } } },
    ],
    [
      'an option of a step',
      /processes\.steps\.charge has no option "retri"\. Did you mean "retry"\?/,
      { steps: { charge: { retri: 1 } } },
    ],
    [
      'an option of retries',
      /processes\.steps\.charge\.retry has no option "max"/,
      { steps: { charge: { retry: { max: 1 } } } },
    ],
    ['an option of the retention', /processes\.retention has no option "days"/, { retention: { days: 1 } }],
  ])('are refused with the nearest name when unknown: %s', (_what, message, options) => {
    const act = () => resolveProcessOptions(options as ProcessesOptions, both);
    expect(act).toThrow(UnknownOptionError);
    expect(act).toThrow(message);
  });

  it.each<[RegExp, unknown]>([
    [/processes\.defaultTimeout is 0.*duration above 0/, { defaultTimeout: 0 }],
    [/processes\.defaultRetry is 0.*whole number of 1 or more/, { defaultRetry: 0 }],
    [/processes\.defaultRetry\.retryIf is "no".*\(error\) => true or false/, { defaultRetry: { retryIf: 'no' } }],
    [/processes\.defaultBackoff is "1s".*it once/, { defaultBackoff: '1s', defaultRetry: { backoff: '2s' } }],
    [/processes\.serializer is "msgpack"/, { serializer: 'msgpack' }],
    [/processes\.lease is 0/, { lease: 0 }],
    [/processes\.historyLimit is 1\.5/, { historyLimit: 1.5 }],
    [/processes\.historyWarning is 20.*not above historyLimit, 10/, { historyWarning: 20, historyLimit: 10 }],
    [/processes\.warnPayload is 20.*not above maxPayload, 10/, { warnPayload: 20, maxPayload: 10 }],
    [/processes\.maxClaims is 0/, { maxClaims: 0 }],
    [/processes\.retention\.count is -1/, { retention: { count: -1 } }],
    [/processes\.redact is "iban".*names of fields/, { redact: 'iban' }],
    [/processes\.steps is an array/, { steps: [] }],
    [
      /processes\.steps\.charge\.onUnknown is "park".*'retry', 'ask' or 'fail'/,
      { steps: { charge: { onUnknown: 'park' } } },
    ],
    [/processes\.steps\.charge\.retry is -1/, { steps: { charge: { retry: -1 } } }],
  ])('are refused with what to write when they make no sense: %s', (message, options) => {
    const act = () => resolveProcessOptions(options as ProcessesOptions, both);
    expect(act).toThrow(InvalidOptionError);
    expect(act).toThrow(message);
  });

  it.each(['defaultTimeout', 'defaultBackoff', 'lease', 'suspendAfter'])('must be a duration: %s', (key) => {
    expect(() => resolveProcessOptions({ [key]: 'soon' } as ProcessesOptions)).toThrow(InvalidDurationError);
    expect(() => resolveProcessOptions({ [key]: 'soon' } as ProcessesOptions)).toThrow(
      new RegExp(`processes\\.${key}: "soon"`),
    );
  });

  it('are checked before the processes are known, but for their names', () => {
    const options: ProcessesOptions = { SomeProcess: { steps: { someStep: { timeout: '1s' } } } };
    expect(resolveProcessOptions(options).processes.get('SomeProcess')?.get('someStep')).toEqual({ timeout: 1_000 });
    expect(() => resolveProcessOptions({ leese: '1s' } as ProcessesOptions)).toThrow(/Did you mean "lease"/);
  });
});
