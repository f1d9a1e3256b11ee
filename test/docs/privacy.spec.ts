import {
  CatgaModule,
  EventLog,
  MemoryStore,
  Privacy,
  Store,
  SubjectForgotten,
  SubjectForgottenError,
  type MasterKey,
} from '@catga/core';
import { randomBytes } from 'node:crypto';
import { CustomerRegistered } from './privacy/customer-registered.example.js';
import { forget } from './privacy/forget.example.js';
import { PatientAdmitted } from './privacy/patient-admitted.example.js';
import { afterDeployment } from './privacy/rewrap-keys.example.js';
import { closeApps, startApp } from './support/start-app.js';

afterEach(closeApps);

/** The application of the guide; it reads its master key where it is loaded. */
async function start() {
  const before = process.env['MASTER_KEY'];
  process.env['MASTER_KEY'] = randomBytes(32).toString('base64');
  try {
    const { AppModule } = await import('./privacy/app-module.example.js');
    const app = await startApp({ imports: [AppModule] });
    return { log: app.get(EventLog), privacy: app.get(Privacy), store: app.get(Store) };
  } finally {
    if (before === undefined) delete process.env['MASTER_KEY'];
    else process.env['MASTER_KEY'] = before;
  }
}

describe('the guide to personal data', () => {
  it('forgets a person: the log keeps its events, without what is personal', async () => {
    const { log, privacy, store } = await start();
    const registered = new CustomerRegistered('c-1', 'Ada Lovelace', 'ada@example.org', 'uk');
    await log.append('customer-1', [registered]);
    await log.append('customer-2', [new CustomerRegistered('c-2', 'Grace', 'grace@example.org', 'us')]);
    const stored = JSON.stringify(await store.readStream('customer-1'));
    expect(stored).toContain('c-1');
    expect(stored).not.toMatch(/Ada|example\.org/);
    expect((await log.read('customer-1'))[0]?.event).toEqual(registered);

    expect(await forget(privacy, 'c-1', 'clerk-7')).toBe(true);
    expect(await forget(privacy, 'c-1', 'clerk-7')).toBe(false);
    expect(await privacy.isForgotten('c-1')).toBe(true);

    const read = (await log.read('customer-1'))[0]?.event;
    expect(read).toBeInstanceOf(CustomerRegistered);
    expect(read).toEqual(new CustomerRegistered('c-1', '[forgotten]', '[forgotten]', 'uk'));
    expect((await log.read('customer-2'))[0]?.event).toMatchObject({ name: 'Grace' });
    expect(await log.read('privacy-c-1')).toMatchObject([
      { event: new SubjectForgotten('c-1'), metadata: { user: 'clerk-7' } },
    ]);
    await expect(log.append('customer-1', [registered])).rejects.toThrow(SubjectForgottenError);
  });

  it('gives a forgotten field the value that its class says', async () => {
    const { log, privacy } = await start();
    await log.append('patient-1', [new PatientAdmitted('p-1', 'Ada', new Date(0))]);
    expect((await log.read('patient-1'))[0]?.event).toEqual(new PatientAdmitted('p-1', 'Ada', new Date(0)));
    await forget(privacy, 'p-1', 'clerk-7');
    expect((await log.read('patient-1'))[0]?.event).toEqual(new PatientAdmitted('p-1', '[forgotten]', null));
  });

  it('moves to a new master key, and does without the old one afterwards', async () => {
    const old: MasterKey = { id: '2026', key: randomBytes(32) };
    const fresh: MasterKey = { id: '2027', key: randomBytes(32) };
    const store = new MemoryStore({ mode: 'copy' });
    const deployed = async (...masterKeys: MasterKey[]) => {
      await closeApps();
      return startApp({ imports: [CatgaModule.forRoot({ store, eventSourcing: { privacy: { masterKeys } } })] });
    };
    const registered = new CustomerRegistered('c-1', 'Ada', 'ada@example.org', 'uk');
    await (await deployed(old)).get(EventLog).append('customer-1', [registered]);

    const both = await deployed(fresh, old);
    expect(await afterDeployment(both.get(Privacy))).toBe(1);
    expect(await afterDeployment(both.get(Privacy))).toBe(0);

    const app = await deployed(fresh);
    // This application has nothing else that names the class, e.g. an aggregate.
    app.get(EventLog).registry.register(CustomerRegistered);
    expect((await app.get(EventLog).read('customer-1'))[0]?.event).toEqual(registered);
  });
});
