import {
  Aggregate,
  AggregateRoot,
  Aggregates,
  Event,
  EventLog,
  EventRegistry,
  everyEvents,
  JsonCodec,
  MemoryStore,
  On,
  Personal,
  PersonalData,
  Privacy,
  resolvePrivacyOptions,
  SnapshotService,
  StoreUnavailableError,
  SubjectForgotten,
  TimeTravel,
  type PrivacyOptions,
  type Store,
} from '@catga/core';
import { randomBytes } from 'node:crypto';

@Event('test.customer-registered')
@PersonalData<CustomerRegistered>({
  subject: 'customerId',
  fields: ['name', 'born', 'score'],
  forgotten: { score: 0, born: null },
})
class CustomerRegistered {
  constructor(
    readonly customerId: string,
    readonly name: string,
    readonly country: string,
    readonly born: Date | null = null,
    readonly score?: number,
  ) {}
}

@Event('test.customer-moved')
class CustomerMoved {
  customerId!: string;
  @Personal('customerId') street!: string;
  @Personal('customerId') town!: string;

  static to(customerId: string, street: string, town: string): CustomerMoved {
    return Object.assign(new CustomerMoved(), { customerId, street, town });
  }
}

@Event('test.money-sent')
@PersonalData<MoneySent>({ subject: ({ from }) => `payer:${from}`, fields: ['fromName'] })
@PersonalData<MoneySent>({ subject: 'to', fields: ['toName'] })
class MoneySent {
  constructor(
    readonly from: number,
    readonly fromName: string,
    readonly to: string,
    readonly toName: string,
    readonly amount: number,
  ) {}
}

@Event('test.note-taken')
@PersonalData<NoteTaken>({ subject: 'customerId' })
class NoteTaken {
  constructor(
    readonly customerId: string,
    readonly text: string,
    readonly about: { readonly place: string },
  ) {}
}

@Event('test.price-changed')
class PriceChanged {
  constructor(readonly price: number) {}
}

@Aggregate('customer', { snapshots: { when: everyEvents(2) } })
class Customer extends AggregateRoot {
  name = '';
  town = '';
  visits = 0;

  register(name: string): void {
    this.raise(new CustomerRegistered(this.id, name, 'NL', new Date(0)));
  }
  move(town: string): void {
    this.raise(CustomerMoved.to(this.id, 'Long Street 1', town));
  }

  @On(CustomerRegistered)
  protected registered(event: CustomerRegistered): void {
    this.name = event.name;
  }
  @On(CustomerMoved)
  protected moved(event: CustomerMoved): void {
    this.town = event.town;
    this.visits++;
  }
}

const MASTER = { id: 'first', key: randomBytes(32) };

/** What an application has, on a store that may be shared with others. */
function world(store: Store, options: Partial<PrivacyOptions> | undefined = {}) {
  const codec = new JsonCodec();
  const registry = new EventRegistry(store, { codec });
  const log = new EventLog(store, registry);
  const warnings: string[] = [];
  const snapshots = new SnapshotService({ store, codec, warn: (message) => warnings.push(message) });
  const privacy = new Privacy({
    log,
    snapshots,
    options: resolvePrivacyOptions({ masterKeys: [MASTER], ...options }),
  });
  opened.push(privacy);
  const aggregates = new Aggregates(log, snapshots);
  registry.register(CustomerRegistered, CustomerMoved, MoneySent, NoteTaken, PriceChanged);
  return { store, registry, log, snapshots, privacy, aggregates, warnings, travel: new TimeTravel(aggregates, log) };
}
const opened: Privacy[] = [];
afterEach(() => opened.splice(0).forEach((privacy) => privacy.close()));

const events = async ({ log }: { log: EventLog }, stream: string): Promise<object[]> =>
  (await log.read(stream)).map(({ event }) => event);

/** Everything that the store has, as text. */
async function contentOf(store: Store): Promise<string> {
  const { events: all } = await store.readAll({ closed: true });
  const records = await Promise.all(
    ['subject-keys', 'subject-forgets', 'snapshots'].map((collection) => store.findRecords({ collection })),
  );
  return JSON.stringify([all, records]);
}

const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code,
  );

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Waits for something that comes by push. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let count = 0; !(await holds()); count++) {
    if (count > 400) throw new Error('waited in vain');
    await tick();
  }
}

describe.each(['reference', 'copy'] as const)('Personal data on a memory store (%s)', (mode) => {
  const start = (options?: Partial<PrivacyOptions>) => world(new MemoryStore({ mode }), options);

  it('comes back as it was, and is nowhere in the store', async () => {
    const here = start();
    const registered = new CustomerRegistered('7', 'Ada Lovelace', 'GB', new Date(5), 12);
    const moved = CustomerMoved.to('7', 'St James Square', 'London');
    const note = new NoteTaken('7', 'likes engines', { place: 'Marylebone' });
    await here.log.append('customer-7', [registered, moved, note, new PriceChanged(3)]);
    const read = await events(here, 'customer-7');
    expect(read).toEqual([registered, moved, note, new PriceChanged(3)]);
    expect(read[0]).toBeInstanceOf(CustomerRegistered);
    const content = await contentOf(here.store);
    for (const secret of ['Ada', 'Lovelace', 'James', 'London', 'engines', 'Marylebone'])
      expect(content).not.toContain(secret);
    expect(content).toContain('GB');
  });

  it('is read by another node, with the key from the store', async () => {
    const here = start();
    await here.log.append('customer-7', [new CustomerRegistered('7', 'Ada', 'GB')]);
    const there = world(here.store);
    expect(await events(there, 'customer-7')).toEqual([new CustomerRegistered('7', 'Ada', 'GB')]);
  });

  it('is gone everywhere once its subject is forgotten, and only that', async () => {
    const here = start();
    const there = world(here.store);
    await here.log.append('customer-7', [
      new CustomerRegistered('7', 'Ada', 'GB', new Date(1), 9),
      CustomerMoved.to('7', 'a', 'b'),
      new NoteTaken('7', 'text', { place: 'x' }),
    ]);
    await here.log.append('customer-8', [new CustomerRegistered('8', 'Bob', 'US')]);
    await here.log.append('transfer-1', [
      new MoneySent(7, 'Ada', '8', 'Bob', 10),
      new MoneySent(8, 'Bob', '7', 'Ada', 1),
    ]);
    await events(there, 'customer-7');
    expect(await here.privacy.forget('7')).toMatchObject({ forgotten: true, position: 7 });
    expect(await here.privacy.isForgotten('7')).toBe(true);
    expect(await here.privacy.isForgotten('8')).toBe(false);
    const after = [
      new CustomerRegistered('7', '[forgotten]', 'GB', null, 0),
      CustomerMoved.to('7', '[forgotten]', '[forgotten]'),
      new NoteTaken('7', '[forgotten]', '[forgotten]' as never),
    ];
    expect(await events(here, 'customer-7')).toEqual(after);
    expect(await events(here, 'customer-8')).toEqual([new CustomerRegistered('8', 'Bob', 'US')]);
    // payer:7 is another subject than 7.
    expect(await events(here, 'transfer-1')).toEqual([
      new MoneySent(7, 'Ada', '8', 'Bob', 10),
      new MoneySent(8, 'Bob', '7', '[forgotten]', 1),
    ]);
    const page = await here.log.readAll({ events: [CustomerRegistered, SubjectForgotten] });
    expect(page.events.map(({ event }) => event)).toEqual([
      after[0],
      new CustomerRegistered('8', 'Bob', 'US'),
      new SubjectForgotten('7'),
    ]);
    await eventually(async () => JSON.stringify(await events(there, 'customer-7')) === JSON.stringify(after));
  });

  it('refuses new data of a forgotten subject, or begins anew, as configured', async () => {
    const here = start();
    await here.log.append('customer-7', [new CustomerRegistered('7', 'Ada', 'GB')]);
    await here.privacy.forget('7');
    expect(await codeOf(here.log.append('customer-7', [new CustomerRegistered('7', 'Ada', 'GB')]))).toBe(
      'CATGA_SUBJECT_FORGOTTEN',
    );
    const there = world(here.store, { afterForget: 'new-key' });
    await there.log.append('customer-7', [new CustomerRegistered('7', 'Ada again', 'GB')]);
    expect((await events(there, 'customer-7')).map((event) => (event as CustomerRegistered).name)).toEqual([
      '[forgotten]',
      'Ada again',
    ]);
    expect(await there.privacy.isForgotten('7')).toBe(false);
    await there.privacy.forget('7');
    expect((await events(there, 'customer-7')).map((event) => (event as CustomerRegistered).name)).toEqual([
      '[forgotten]',
      '[forgotten]',
    ]);
  });

  it('forgets a subject once, also when asked again or of whom it knew nothing', async () => {
    const here = start();
    const answers = await Promise.all([here.privacy.forget('7'), here.privacy.forget('7'), here.privacy.forget('7')]);
    expect(answers.filter(({ forgotten }) => forgotten)).toHaveLength(1);
    expect(await events(here, 'privacy-7')).toEqual([new SubjectForgotten('7')]);
    expect(await codeOf(here.log.append('c-7', [new CustomerRegistered('7', 'Ada', 'GB')]))).toBe(
      'CATGA_SUBJECT_FORGOTTEN',
    );
  });

  it('makes one key when many begin at once, on several nodes', async () => {
    const here = start();
    const nodes = [here, world(here.store), world(here.store)];
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        (nodes[index % 3] ?? here).log.append('customer-7', [new CustomerRegistered('7', `name ${index}`, 'GB')]),
      ),
    );
    for (const node of nodes) {
      const names = (await events(node, 'customer-7')).map((event) => (event as CustomerRegistered).name);
      expect(new Set(names).size).toBe(30);
      expect(names).not.toContain('[forgotten]');
    }
    expect((await here.store.getRecord('subject-keys', '7'))?.version).toBe(1);
  });

  it('encrypts snapshots, and drops them when a subject is forgotten', async () => {
    const here = start();
    const customers = here.aggregates.repository(Customer);
    const change = async (how: (customer: Customer) => void): Promise<void> => {
      await customers.updateOrCreate('7', how);
      while (here.snapshots.waiting > 0) await tick();
    };
    await change((customer) => customer.register('Ada'));
    await change((customer) => customer.move('London'));
    const kept = async (): Promise<string> => String((await here.store.getRecord('snapshots', 'customer-7'))?.value);
    expect(await kept()).not.toMatch(/Ada|London|undefined/);
    await change((customer) => customer.move('Paris'));
    await change((customer) => customer.move('Rome'));
    expect(await kept()).not.toMatch(/Ada|London|Rome|undefined/);
    expect(await customers.load('7')).toMatchObject({ name: 'Ada', town: 'Rome', visits: 3 });
    const old = await kept();

    const stale = await customers.load('7');
    expect(await here.privacy.forget('7')).toMatchObject({ snapshots: 1 });
    expect(await kept()).toBe('undefined');
    // A snapshot from a backup does not bring it back.
    await here.store.commit({ records: [{ collection: 'snapshots', key: 'customer-7', value: old }] });
    expect(await customers.load('7')).toMatchObject({
      name: '[forgotten]',
      town: '[forgotten]',
      visits: 3,
    });
    // What somebody still had in memory finds no way back into the store.
    expect(stale.name).toBe('Ada');
    stale.move('Oslo');
    expect(await codeOf(customers.save(stale))).toBe('CATGA_SUBJECT_FORGOTTEN');
    await here.log.append('customer-7', [new PriceChanged(1)]);
    expect(await kept()).not.toContain('Ada');
    expect(here.warnings).toEqual([]);
  });

  it('reads snapshots of others as before', async () => {
    const here = start();
    const customers = here.aggregates.repository(Customer);
    for (const id of ['7', '8']) {
      await customers.updateOrCreate(id, (customer) => customer.register(`name ${id}`));
      await customers.update(id, (customer) => customer.move('London'));
    }
    while (here.snapshots.waiting > 0) await tick();
    await here.privacy.forget('7');
    // It is used: without it, the state could not be told from the events that are left.
    await here.log.truncate('customer-8', 2);
    expect(await customers.load('8')).toMatchObject({ name: 'name 8', town: 'London', visits: 1 });
  });

  it('gives placeholders in time travel and audit', async () => {
    const here = start();
    const customers = here.aggregates.repository(Customer);
    await customers.updateOrCreate('7', (customer) => customer.register('Ada'));
    await customers.update('7', (customer) => customer.move('London'));
    await here.privacy.forget('7');
    const { state } = await here.travel.stateAt(Customer, '7', { version: 1 });
    expect(state).toMatchObject({ name: '[forgotten]', town: '' });
    const audit = JSON.stringify([
      await here.travel.audit(Customer, '7'),
      await here.travel.diff(Customer, '7', { version: 0 }, { version: 2 }),
    ]);
    expect(audit).not.toMatch(/Ada|London/);
    expect(audit).toContain('[forgotten]');
  });

  it('gives placeholders to a subscription that is running, after it was told', async () => {
    const here = start();
    const seen: string[] = [];
    const subscription = here.log.subscribe({ after: 'start' }, async (batch) => {
      for (const { event } of batch)
        seen.push(event instanceof SubjectForgotten ? 'forgotten' : (event as CustomerRegistered).name);
    });
    await here.log.append('c-7', [new CustomerRegistered('7', 'Ada', 'GB')]);
    const { position } = await here.privacy.forget('7');
    await subscription.waitFor(position as number);
    await subscription.stop();
    expect(seen.at(-1)).toBe('forgotten');
    expect(await events(here, 'c-7')).toEqual(
      [new CustomerRegistered('7', '[forgotten]', 'GB', '[forgotten]' as never)].map((event) =>
        Object.assign(event, { born: null }),
      ),
    );
  });
});

describe('Keys of subjects', () => {
  it('are wrapped anew by a newer master key, and the older one can go', async () => {
    const store = new MemoryStore();
    const before = world(store);
    for (let id = 0; id < 120; id++)
      await before.log.append(`c-${id}`, [new CustomerRegistered(`${id}`, `name ${id}`, 'GB')]);
    await before.privacy.forget('3');
    const second = { id: 'second', key: randomBytes(32).toString('base64') };
    const both = world(store, { masterKeys: [second, MASTER] });
    expect(await events(both, 'c-5')).toEqual([new CustomerRegistered('5', 'name 5', 'GB')]);
    expect(await both.privacy.rewrapKeys()).toBe(119);
    expect(await both.privacy.rewrapKeys()).toBe(0);
    const after = world(store, { masterKeys: [second] });
    expect(await events(after, 'c-119')).toEqual([new CustomerRegistered('119', 'name 119', 'GB')]);
    expect(await after.privacy.isForgotten('3')).toBe(true);
    expect(await codeOf(events(world(store), 'c-119'))).toBe('CATGA_MASTER_KEY');
  });

  it('are refused with a code when the master key, or the key itself, is not the right one', async () => {
    const store = new MemoryStore();
    const right = world(store);
    await right.log.append('c-7', [new CustomerRegistered('7', 'Ada', 'GB')]);
    const other = world(store, { masterKeys: [{ id: 'first', key: randomBytes(32) }] });
    expect(await codeOf(events(other, 'c-7'))).toBe('CATGA_MASTER_KEY');
    // The key of another subject in its place opens nothing.
    await right.log.append('c-8', [new CustomerRegistered('8', 'Bob', 'GB')]);
    const key = await store.getRecord('subject-keys', '8');
    store.commit({ records: [{ collection: 'subject-keys', key: '7', value: key?.value }] });
    expect(await codeOf(events(world(store), 'c-7'))).toBe('CATGA_MASTER_KEY');
    store.commit({ records: [{ collection: 'subject-keys', key: '7' }] });
    expect(await codeOf(events(world(store), 'c-7'))).toBe('CATGA_SUBJECT_KEY_MISSING');
  });

  it('open no data that was changed, or moved to another subject', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const here = world(store);
    await here.log.append('c-7', [new CustomerRegistered('7', 'Ada', 'GB')]);
    await here.log.append('c-8', [new CustomerRegistered('8', 'Bob', 'GB')]);
    const [seven, eight] = (await store.readAll()).events.map(({ data }) => JSON.parse(data as string)) as {
      $personal: { data: string }[];
    }[];
    const data = (seven as NonNullable<typeof seven>).$personal[0]?.data as string;
    const moved = { ...eight, $personal: [{ ...eight?.$personal[0], data }] };
    const changed = { ...seven, $personal: [{ ...seven?.$personal[0], data: `${data.slice(0, -4)}AAA=` }] };
    for (const [stream, wrong] of [
      ['moved-1', moved],
      ['changed-1', changed],
    ] as const) {
      const event = { type: 'test.customer-registered', data: JSON.stringify(wrong) };
      store.commit({ appends: [{ stream, expectedVersion: 0, events: [event] }] });
      expect(await codeOf(events(here, stream))).toBe('CATGA_PERSONAL_DATA_DAMAGED');
    }
  });

  it('do not stay in memory longer than configured, also when nobody says that one is gone', async () => {
    class Deaf extends MemoryStore {
      override onCommit(): () => void {
        return () => undefined;
      }
    }
    const store = new Deaf();
    const here = world(store, { cacheFor: '40ms' });
    const there = world(store, { cacheFor: '40ms' });
    await here.log.append('c-7', [new CustomerRegistered('7', 'Ada', 'GB')]);
    await events(there, 'c-7');
    await here.privacy.forget('7');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await events(there, 'c-7'))[0]).toMatchObject({ name: '[forgotten]' });
  });

  it('are waited for by a subscription while the store is away', async () => {
    class KeysAway extends MemoryStore {
      failures = 0;
      override async getRecord(collection: string, key: string): ReturnType<MemoryStore['getRecord']> {
        if (this.failures > 0 && this.failures-- > 0) throw new StoreUnavailableError('connection', 'away for a while');
        return super.getRecord(collection, key);
      }
    }
    const store = new KeysAway();
    await world(store).log.append('c-7', [new CustomerRegistered('7', 'Ada', 'GB')]);
    const there = world(store);
    store.failures = 3;
    const seen: object[] = [];
    const options = { events: [CustomerRegistered], retryDelay: '5ms' } as const;
    const subscription = there.log.subscribe(options, (batch) => void seen.push(...batch.map(({ event }) => event)));
    await subscription.caughtUp();
    expect(seen).toEqual([new CustomerRegistered('7', 'Ada', 'GB')]);
    expect(store.failures).toBe(0);
    await subscription.stop();
  });

  it('stay bounded in number, and every event can be read all the same', async () => {
    const store = new MemoryStore();
    const here = world(store, { cacheSize: 5, placeholder: null });
    const all = Array.from({ length: 50 }, (_, id) => new CustomerRegistered(`${id}`, `name ${id}`, 'GB'));
    await here.log.append('many-1', all);
    expect(await events(here, 'many-1')).toEqual(all);
    await here.privacy.forget('17');
    const names = (await events(here, 'many-1')).map((event) => (event as CustomerRegistered).name);
    expect(names.filter((name) => name === null)).toHaveLength(1);
  });
});

describe('Personal data that cannot be protected', () => {
  it('is refused when there is no master key, before anything is written', async () => {
    const store = new MemoryStore();
    const log = new EventLog(store, new EventRegistry(store));
    const privacy = new Privacy({ log, options: undefined });
    expect(await codeOf(log.append('c-1', [new CustomerRegistered('1', 'Ada', 'GB')]))).toBe(
      'CATGA_PRIVACY_NOT_CONFIGURED',
    );
    expect((await store.readAll()).events).toEqual([]);
    await log.append('p-1', [new PriceChanged(1)]);
    expect(log.registry.hasTransforms).toBe(false);
    expect(await codeOf(privacy.forget('1'))).toBe('CATGA_PRIVACY_NOT_CONFIGURED');
  });

  it('is refused without a subject, before anything is written', async () => {
    const here = world(new MemoryStore());
    for (const id of ['', undefined, null, {}]) {
      const event = new CustomerRegistered(id as string, 'Ada', 'GB');
      expect(await codeOf(here.log.append('c-1', [event]))).toBe('CATGA_SUBJECT_MISSING');
    }
    expect((await here.store.readAll()).events).toEqual([]);
    // Nobody's data needs nobody's name.
    await here.log.append('c-1', [Object.assign(new CustomerMoved(), { customerId: '' })]);
  });

  it('is refused in a version in which its fields may have other names', () => {
    @Event('test.versioned', { version: 2 })
    @PersonalData<Versioned>({ subject: 'id', fields: ['name'] })
    class Versioned {
      constructor(
        readonly id: string,
        readonly name: string,
      ) {}
    }
    const store = new MemoryStore();
    const log = new EventLog(store, new EventRegistry(store));
    const options = resolvePrivacyOptions({ masterKeys: [MASTER] });
    const privacy = new Privacy({ log, options, writeAs: { 'test.versioned': 1 } });
    expect(() => log.registry.register(Versioned)).toThrow(/CATGA|writeAs/);
    privacy.close();
  });

  it.each([
    ['no subject', () => PersonalData({ subject: '' as never })],
    ['no fields', () => PersonalData<CustomerMoved>({ subject: 'customerId', fields: [] })],
    ['a subject that is encrypted', () => PersonalData<CustomerMoved>({ subject: 'town', fields: ['town'] })],
  ])('is refused at load: %s', (_what, make) => {
    class Wrong {}
    expect(() => (make() as (target: unknown) => void)(Wrong)).toThrow(
      expect.objectContaining({ code: 'CATGA_PERSONAL_DATA_DEFINITION' }),
    );
  });

  it.each([
    ['masterKeys', { masterKeys: [] }],
    ['masterKeys\\[0\\].key', { masterKeys: [{ id: 'a', key: 'short' }] }],
    ['masterKeys\\[0\\].id', { masterKeys: [{ id: '', key: MASTER.key }] }],
    ['masterKeys\\[1\\].id', { masterKeys: [MASTER, MASTER] }],
    ['cacheSize', { masterKeys: [MASTER], cacheSize: 0 }],
    ['cacheFor', { masterKeys: [MASTER], cacheFor: 'soon' }],
    ['afterForget', { masterKeys: [MASTER], afterForget: 'ask' }],
    ['placeholder', { masterKeys: [MASTER], placholder: 1 }],
  ])('is refused at boot with a wrong option: %s', (where, options) => {
    expect(() => resolvePrivacyOptions(options as never)).toThrow(new RegExp(where));
    expect(() => resolvePrivacyOptions(options as never)).not.toThrow(/short/);
  });
});
