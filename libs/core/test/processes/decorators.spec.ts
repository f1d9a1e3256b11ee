import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { Type } from '../../src/messages/index.js';
import {
  CatgaProcess,
  Compensate,
  CompensationStep,
  Condition,
  Inline,
  PROCESS_METADATA_KEY,
  ProcessDecoratorError,
  ProcessId,
  ProcessStep,
  readProcessMetadata,
  Serializer,
} from '../../src/processes/decorators/index.js';

class PlaceOrder {
  constructor(readonly orderId: string) {}
}

describe('@CatgaProcess', () => {
  const TOKEN = Symbol('token');

  @CatgaProcess(PlaceOrder, { name: 'Orders' })
  class OrderProcess {
    constructor(@Inject(TOKEN) readonly dependency: string) {}
    async execute(order: PlaceOrder) {
      return order.orderId;
    }
  }

  it('makes a class injectable and lets it be found among the providers', async () => {
    @Module({ imports: [DiscoveryModule], providers: [OrderProcess, { provide: TOKEN, useValue: 'given' }] })
    class AppModule {}
    const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const found = app.get(DiscoveryService).getProviders({ metadataKey: PROCESS_METADATA_KEY });
    expect(found.map((provider) => provider.metatype)).toEqual([OrderProcess]);
    expect(app.get(OrderProcess).dependency).toBe('given');
    await app.close();
  });

  it('leaves the options of an @Injectable() below it alone', () => {
    @CatgaProcess(PlaceOrder)
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient {
      async execute(_order: PlaceOrder) {}
    }
    expect(Reflect.getMetadata('scope:options', Transient)).toEqual({ scope: Scope.TRANSIENT });
  });

  it('speaks for the class itself, not for those derived from it', () => {
    class Derived extends OrderProcess {}
    expect(readProcessMetadata(OrderProcess)).toMatchObject({ command: PlaceOrder, name: 'Orders' });
    expect(readProcessMetadata(Derived)).toBeUndefined();
  });

  it('takes a class only if its execute takes the command', () => {
    class Other {
      constructor(readonly number: number) {}
    }
    class NumberProcess {
      async execute(command: Other) {
        return command.number;
      }
    }
    class NoExecute {}
    const decorate = CatgaProcess(PlaceOrder);
    // @ts-expect-error -- execute takes another command
    decorate(NumberProcess);
    // @ts-expect-error -- there is no execute
    decorate(NoExecute);
    expect(readProcessMetadata(NumberProcess)?.command).toBe(PlaceOrder);
  });
});

describe('a decorator that cannot work', () => {
  const descriptor = { value: async () => {} };
  const codec = { name: 'own', encode: () => '', decode: () => 0 };
  class P {
    async execute(_order: PlaceOrder) {}
  }
  const onClass = (decorator: unknown) => (decorator as (target: unknown) => void)(P);
  const onMethod = (
    decorator: unknown,
    target: object = P.prototype,
    key: string | symbol = 'ship',
    d: object = descriptor,
  ) => (decorator as (target: object, key: string | symbol, descriptor: object) => void)(target, key, d);

  it.each<[string, RegExp, () => void]>([
    [
      'a command that a circle of imports has left undefined',
      /^@CatgaProcess on P: the command is undefined: its file imports this one.*a file of its own/,
      () => onClass(CatgaProcess(undefined as unknown as Type<object>)),
    ],
    [
      'a command that is no class',
      /@CatgaProcess\(CreateOrder\)/,
      () => onClass(CatgaProcess('CreateOrder' as unknown as Type<object>)),
    ],
    [
      'an unknown option of a process',
      /there is no option "tag"\. Known options: name, onExisting, tags/,
      () => onClass(CatgaProcess(PlaceOrder, { tag: [] } as object)),
    ],
    [
      'an unknown policy',
      /onExisting is "replace"\. Write 'attach', 'reject' or 'newRun'/,
      () => onClass(CatgaProcess(PlaceOrder, { onExisting: 'replace' } as object)),
    ],
    [
      'tags that are no function',
      /tags must be a function/,
      () => onClass(CatgaProcess(PlaceOrder, { tags: ['a'] } as object)),
    ],
    ['@ProcessId on a method', /^@ProcessId on P\.ship: it belongs on the class/, () => onMethod(ProcessId('x'))],
    ['a step on the class', /^@ProcessStep on P: it belongs on a method/, () => onClass(ProcessStep())],
    ['a step on a static method', /^@ProcessStep on P\.ship: a static method/, () => onMethod(ProcessStep(), P)],
    [
      'a step on a field',
      /^@ProcessStep on P\.ship: it belongs on a method\. Write `async ship\(…\)/,
      () => onMethod(ProcessStep(), P.prototype, 'ship', {}),
    ],
    [
      'a step with a symbol for a name',
      /a symbol cannot be recorded/,
      () => onMethod(ProcessStep(), P.prototype, Symbol('ship')),
    ],
    [
      'an unknown option of a step',
      /^@ProcessStep on P\.ship: there is no option "retries"\. Known options: timeout, retry/,
      () => onMethod(ProcessStep('ship', { retries: 3 } as object)),
    ],
    [
      'options of a step that are none',
      /write @ProcessStep\('name', \{ … \}\)/,
      () => onMethod(ProcessStep('ship', 5 as unknown as object)),
    ],
    [
      'a compensation without a name',
      /^@Compensate on P\.ship: give the name of a method/,
      () => onMethod(Compensate('')),
    ],
    [
      'a compensation of an empty name',
      /^@CompensationStep on P\.ship: give the name of a step/,
      () => onMethod(CompensationStep('')),
    ],
    [
      'a condition without a predicate',
      /^@Condition on P\.ship: give the name of a method.*true or false/,
      () => onMethod(Condition(undefined as unknown as string)),
    ],
    ['@Inline on the class', /^@Inline on P: it belongs on a method/, () => onClass(Inline())],
    [
      'an id of nothing',
      /^@ProcessId on P: give a function of the command/,
      () => onClass(ProcessId(5 as unknown as string)),
    ],
    [
      'a codec that is a class',
      /^@Serializer on P: give an object with name, encode/,
      () => onClass(Serializer(class {} as unknown as typeof codec)),
    ],
  ])('says what to write: %s', (_what, message, act) => {
    expect(act).toThrow(ProcessDecoratorError);
    expect(act).toThrow(message);
  });

  it('has a stable code and the place it stands at', () => {
    try {
      onMethod(Compensate(''));
      throw new Error('must not come here');
    } catch (error) {
      expect(error).toMatchObject({
        code: 'CATGA_PROCESS_DECORATOR',
        kind: 'configuration',
        details: { decorator: '@Compensate', place: 'P.ship' },
      });
    }
  });
});
