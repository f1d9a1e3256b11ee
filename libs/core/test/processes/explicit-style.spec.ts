import { Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  CatgaModule,
  CatgaProcess,
  CatgaProcessBase,
  Command,
  Compensate,
  Condition,
  DomainError,
  Inline,
  Mediator,
  ProcessContext,
  ProcessDefinitionError,
  Processes,
  ProcessId,
  ProcessStep,
  type ProcessesOptions,
} from '../../src/index.js';

class ShipOrder extends Command<string> {
  constructor(
    readonly number: string,
    readonly weight: number,
    readonly items: readonly string[] = [],
  ) {
    super();
  }
}
class ImportFile extends Command<number> {
  constructor(readonly id: string) {
    super();
  }
}

const log: string[] = [];

@CatgaProcess(ShipOrder, { name: 'Shipping', tags: (order) => [`weight:${order.weight}`] })
@ProcessId((order: ShipOrder) => `no-${order.number}`)
class ShippingProcess {
  total = 0;
  constructor(private readonly context: ProcessContext) {}

  async execute(order: ShipOrder) {
    await this.packAll(order.items);
    this.note();
    const shipped = await this.byTruck(order.weight);
    await this.context.step('label', () => log.push(`label ${this.total}`));
    await this.close(order.weight);
    return shipped;
  }

  @Inline()
  private async packAll(items: readonly string[]) {
    for (const item of items) this.total += await this.pack(item);
  }

  private note() {
    log.push('plain');
  }

  @ProcessStep({ key: (item: string) => item })
  private async pack(item: string) {
    log.push(`pack ${item}`);
    return 1;
  }
  private async compensatePack(item: string) {
    log.push(`unpack ${item}`);
  }

  @ProcessStep('ship')
  @Condition('isHeavy')
  @Compensate('callBack')
  private async byTruck(weight: number) {
    log.push('truck');
    return `truck ${weight}`;
  }
  @ProcessStep('ship')
  @Condition('isLight')
  private async byDrone(weight: number) {
    log.push('drone');
    return `drone ${weight}`;
  }
  private isHeavy(weight: number) {
    return weight > 10;
  }
  private isLight(weight: number) {
    return weight < 5;
  }
  private async callBack(weight: number, result: string) {
    log.push(`back ${weight} ${result}`);
  }

  private async close(weight: number) {
    if (weight > 100) throw new DomainError('too heavy after all');
  }
}

@CatgaProcess(ImportFile)
class ImportProcess extends CatgaProcessBase<ImportFile, number> {
  async execute(file: ImportFile) {
    const lines = await this.step('read', async () => [file.id, 'x']);
    return lines.length;
  }
}

async function start(processes: ProcessesOptions = {}, providers = [ShippingProcess, ImportProcess]) {
  @Module({ imports: [CatgaModule.forRoot({ processes })], providers: [...providers, ProcessContext] })
  class AppModule {}
  const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
  await app.init();
  return app;
}

describe('the explicit style, executed', () => {
  let app: INestApplicationContext | undefined;
  beforeEach(() => {
    log.length = 0;
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  it('runs inline methods, keyed steps, the alternative that fits and steps of the context', async () => {
    app = await start();
    const handle = await app.get(Processes).start(ShippingProcess, new ShipOrder('1', 20, ['a', 'b']));
    expect(handle.id).toBe('Shipping:no-1');
    expect(await handle.result()).toBe('truck 20');
    expect(log).toEqual(['pack a', 'pack b', 'plain', 'truck', 'label 2']);
    const { processes } = await app.get(Processes).list({ tag: 'weight:20' });
    expect(processes.map(({ id }) => id)).toEqual(['Shipping:no-1']);
    expect(await app.get(Mediator).send(new ShipOrder('2', 3))).toBe('drone 3');
    expect(await app.get(Mediator).send(new ImportFile('f1'))).toBe(2);
  });

  it('undoes with what was named, and fails the step when no alternative fits', async () => {
    app = await start();
    const mediator = app.get(Mediator);
    await expect(mediator.send(new ShipOrder('3', 500, ['a', 'b']))).rejects.toThrow('too heavy after all');
    expect(log.slice(-3)).toEqual(['back 500 truck 500', 'unpack b', 'unpack a']);
    log.length = 0;
    await expect(mediator.send(new ShipOrder('4', 7, ['c']))).rejects.toMatchObject({
      cause: { code: 'CATGA_PROCESS_STEP' },
    });
    expect(log).toEqual(['pack c', 'plain', 'unpack c']);
  });

  it('lists what was inferred, under the configuration in force', async () => {
    app = await start({ defaultTimeout: '9s', Shipping: { steps: { ship: { retry: 7 }, label: { timeout: '1s' } } } });
    const [imports, shipping] = app
      .get(Processes)
      .definitions()
      .toSorted((a, b) => a.name.localeCompare(b.name));
    expect(imports?.steps.map(({ name }) => name)).toEqual(['read']);
    expect(shipping?.steps.map(({ name, attempts, timeout }) => [name, attempts, timeout])).toEqual([
      ['pack', 3, 9_000],
      ['ship', 7, 9_000],
      ['label', 3, 1_000],
      ['close', 3, 9_000],
    ]);
  });

  it('stops the boot of an application whose process cannot run, or whose configuration names nothing', async () => {
    @CatgaProcess(ImportFile)
    class Broken {
      async execute(_file: ImportFile) {
        return this.read();
      }
      private async read() {
        return 1;
      }
      private async compensateReed() {}
    }
    await expect(start({}, [Broken as unknown as typeof ImportProcess])).rejects.toThrow(ProcessDefinitionError);
    await expect(start({}, [Broken as unknown as typeof ImportProcess])).rejects.toThrow(
      /Did you mean "compensateRead"/,
    );
    await expect(start({ Shiping: { steps: {} } })).rejects.toThrow(/Did you mean "Shipping"/);
    await expect(start({ steps: { labl: {} } })).rejects.toThrow(/Did you mean "label"/);
  });
});
