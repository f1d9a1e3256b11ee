import {
  Aggregate,
  AggregateRoot,
  Aggregates,
  CatgaModule,
  Event,
  EventLog,
  EventRegistry,
  everyEvents,
  MemoryStore,
  On,
  PersonalData,
  Privacy,
  Projection,
  ProjectionManager,
  readModel,
  ReadModels,
  resolvePrivacyOptions,
  SnapshotService,
  SubjectForgotten,
  TimeTravel,
  type ProjectionContext,
  type Store,
} from '@catga/core';
import { CatgaSqliteModule } from '@catga/sqlite';
import { FaultyStore } from '@catga/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

@Event('patient-admitted')
@PersonalData<PatientAdmitted>({ subject: 'patientId', fields: ['name', 'illness'] })
class PatientAdmitted {
  constructor(
    readonly patientId: string,
    readonly name: string,
    readonly illness: string,
    readonly ward: string,
  ) {}
}

@Event('note-written')
@PersonalData<NoteWritten>({ subject: 'patientId' })
class NoteWritten {
  constructor(
    readonly patientId: string,
    readonly text: string,
  ) {}
}

@Aggregate('patient', { snapshots: { when: everyEvents(2) } })
class Patient extends AggregateRoot {
  name = '';
  notes: string[] = [];

  admit(name: string, illness: string): void {
    this.raise(new PatientAdmitted(this.id, name, illness, 'readable-ward'));
  }
  note(text: string): void {
    this.raise(new NoteWritten(this.id, text));
  }
  @On(PatientAdmitted)
  protected admitted({ name }: PatientAdmitted): void {
    this.name = name;
  }
  @On(NoteWritten)
  protected noted({ text }: NoteWritten): void {
    this.notes.push(text);
  }
}

const MASTER = { id: '2026', key: randomBytes(32) };
const SECRETS = ['Zebulon Quarterpast', 'chronic yodelling', 'xylophone-confession'];

/** Names of the files in the folder that have this text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder).filter((name) => {
    const bytes = readFileSync(join(folder, name));
    return [Buffer.from(text), Buffer.from(text, 'utf16le')].some((form) => bytes.includes(form));
  });
}

describe('Personal data on a SQLite store', () => {
  let folder: string;
  const apps: INestApplicationContext[] = [];
  const masterKeys = [MASTER];

  async function start(): Promise<INestApplicationContext> {
    const module = await Test.createTestingModule({
      imports: [
        CatgaModule.forRoot({
          endpoints: false,
          // Much longer than the test: what another node learns in time, it has been told.
          eventSourcing: { events: [PatientAdmitted, NoteWritten], privacy: { masterKeys, cacheFor: '1h' } },
        }),
        CatgaSqliteModule.forRoot({ path: join(folder, 'store.db') }),
      ],
    }).compile();
    apps.push(module);
    return module.init();
  }

  const written = async (app: INestApplicationContext): Promise<void> => {
    while (app.get(SnapshotService).waiting > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'catga-privacy-'));
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('is never readable in the files, and on no node any more once it is forgotten', async () => {
    const here = await start();
    const there = await start();
    const [name, illness, note] = SECRETS as [string, string, string];
    const patients = here.get(Aggregates).repository(Patient);
    await patients.updateOrCreate('p1', (patient) => patient.admit(name, illness));
    await patients.update('p1', (patient) => patient.note(note));
    await patients.updateOrCreate('p2', (patient) => patient.admit('Bob', 'none'));
    await written(here);
    expect(await here.get(EventLog).store.getRecord('snapshots', 'patient-p1')).toBeDefined();
    // The other node has the key in memory.
    const other = there.get(Aggregates).repository(Patient);
    expect(await other.load('p1')).toMatchObject({ name, notes: [note] });
    for (const secret of SECRETS) expect(filesWith(folder, secret)).toEqual([]);
    // The search does find what is there.
    expect(filesWith(folder, 'readable-ward')).not.toEqual([]);

    const forgotten: string[] = [];
    const subscription = there
      .get(EventLog)
      .subscribe({ after: 'start', events: [SubjectForgotten] }, async (batch) => {
        for (const { event } of batch) forgotten.push((event as SubjectForgotten).subject);
      });
    expect(await here.get(Privacy).forget('p1')).toMatchObject({ forgotten: true, snapshots: 1 });
    const gone = { name: '[forgotten]', notes: ['[forgotten]'] };
    expect(await patients.load('p1')).toMatchObject(gone);
    for (let count = 0; (await other.load('p1')).name !== '[forgotten]'; count++) {
      if (count > 500) throw new Error('the other node has not heard of it');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await other.load('p1')).toMatchObject(gone);
    expect(await other.load('p2')).toMatchObject({ name: 'Bob' });
    await subscription.caughtUp();
    expect(forgotten).toEqual(['p1']);
    const audit = JSON.stringify(await there.get(TimeTravel).audit(Patient, 'p1'));
    for (const secret of SECRETS) {
      expect(audit).not.toContain(secret);
      expect(filesWith(folder, secret)).toEqual([]);
    }
    await Promise.all(apps.splice(0).map((app) => app.close()));
    for (const secret of SECRETS) expect(filesWith(folder, secret)).toEqual([]);

    const again = await start();
    expect(await again.get(Aggregates).repository(Patient).load('p1')).toMatchObject(gone);
    expect(await again.get(Privacy).isForgotten('p1')).toBe(true);
  });

  it('is refused at boot when there is no master key', async () => {
    const module = await Test.createTestingModule({
      imports: [
        CatgaModule.forRoot({ endpoints: false, eventSourcing: { events: [PatientAdmitted] } }),
        CatgaSqliteModule.forRoot({ path: join(folder, 'store.db') }),
      ],
    }).compile();
    await expect(module.init()).rejects.toMatchObject({ code: 'CATGA_PRIVACY_NOT_CONFIGURED' });
    await module.close();
  });
});

const Names = readModel<{ readonly name: string }>('names');

/** Keeps names readable in its read model, and takes them out when it is told to. */
class PatientNames {
  @On(PatientAdmitted)
  admitted({ patientId, name }: PatientAdmitted, ctx: ProjectionContext): void {
    ctx.model(Names).put(patientId, { name });
  }
  @On(SubjectForgotten)
  forgotten({ subject }: SubjectForgotten, ctx: ProjectionContext): void {
    ctx.model(Names).delete(subject);
  }
}

describe.each(['inline', 'async'] as const)('A projection of personal data (%s)', (mode) => {
  it('is told of a forgotten subject in order, and a rebuild finds placeholders', async () => {
    @Projection({ name: 'wards', models: [Names], mode })
    class Wards extends PatientNames {
      override forgotten(): void {}
    }
    @Projection({ name: 'patients', models: [Names], mode })
    class Patients extends PatientNames {}
    const module = await Test.createTestingModule({
      imports: [
        CatgaModule.forRoot({
          endpoints: false,
          store: { mode: 'copy' },
          eventSourcing: { privacy: { masterKeys: [MASTER] } },
        }),
      ],
      providers: [Patients, Wards],
    }).compile();
    const app = await module.init();
    const [log, manager, models] = [app.get(EventLog), app.get(ProjectionManager), app.get(ReadModels)];
    const nameIn = async (projection: typeof Patients | typeof Wards): Promise<string | undefined> =>
      (await models.of(projection, Names).get('1'))?.name;
    const reached = async (position: number): Promise<void> => {
      for (const projection of [Patients, Wards]) await manager.waitFor(projection, position);
    };
    const { position } = await log.append('patient-1', [new PatientAdmitted('1', 'Ada', 'none', 'ward')]);
    await reached(position);
    expect([await nameIn(Patients), await nameIn(Wards)]).toEqual(['Ada', 'Ada']);

    await reached((await app.get(Privacy).forget('1')).position as number);
    // What a projection does not take out is still there: read models are its own.
    expect([await nameIn(Patients), await nameIn(Wards)]).toEqual([undefined, 'Ada']);
    await manager.rebuild(Wards);
    for (let count = 0; (await nameIn(Wards)) !== '[forgotten]'; count++) {
      if (count > 500) throw new Error('the rebuild has not brought the placeholder');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await app.close();
  });
});

describe('A crash while somebody is forgotten', () => {
  const PERSON = 'Zebulon Quarterpast';

  /** A log with privacy on a store, as after a start. */
  function open(store: Store): { log: EventLog; privacy: Privacy } {
    const registry = new EventRegistry(store).register(PatientAdmitted, NoteWritten);
    const log = new EventLog(store, registry);
    return { log, privacy: new Privacy({ log, options: resolvePrivacyOptions({ masterKeys: [MASTER] }) }) };
  }

  it.each([false, true])('leaves it done or not done at every write (answer lost: %s)', async (applied) => {
    const outcomes = new Set<boolean>();
    for (let writes = 0; writes <= 4; writes++) {
      const inner = new MemoryStore({ mode: 'copy' });
      const store = new FaultyStore(inner).crashAfter(writes, { applied });
      const first = open(store);
      const acknowledged = await (async () => {
        await first.log.append('patient-1', [new PatientAdmitted('1', PERSON, 'none', 'ward')]);
        return (await first.privacy.forget('1')).forgotten;
      })().catch(() => false);
      first.privacy.close();

      const { log, privacy } = open(inner);
      const told = (await log.read('privacy-1')).length;
      const forgotten = await privacy.isForgotten('1');
      expect(told).toBe(forgotten ? 1 : 0);
      if (acknowledged) expect(forgotten).toBe(true);
      outcomes.add(forgotten);
      for (const { event } of await log.read('patient-1'))
        expect((event as PatientAdmitted).name).toBe(forgotten ? '[forgotten]' : PERSON);
      await privacy.forget('1');
      expect(await log.read('privacy-1')).toHaveLength(1);
      for (const { event } of await log.read('patient-1')) expect((event as PatientAdmitted).name).toBe('[forgotten]');
      expect(JSON.stringify((await inner.readAll()).events)).not.toContain(PERSON);
      privacy.close();
    }
    expect(outcomes.size).toBe(2);
  });
});
