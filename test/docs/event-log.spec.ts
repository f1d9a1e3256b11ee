/** Holds and runs the code of docs/event-log.md and docs/schema-evolution.md; guides.spec.ts compares it with the pages. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AppendConditionError,
  CatgaModule,
  CommandHandler,
  Downcast,
  Event,
  EventLog,
  EventRegistry,
  EventTags,
  Mediator,
  MemoryStore,
  Upcast,
  type HandlerContext,
  type Store,
} from '@catga/core';
import { expectEventSchemas } from '@catga/testing';
import { closeStores, newFolder } from '../event-sourcing/support/stores.js';

@Event('course-defined')
@EventTags<CourseDefined>((event) => [`course:${event.courseId}`])
export class CourseDefined {
  constructor(
    readonly courseId: string,
    readonly capacity: number,
  ) {}
}

@Event('student-subscribed')
@EventTags<StudentSubscribed>((event) => [`course:${event.courseId}`, `student:${event.studentId}`])
export class StudentSubscribed {
  constructor(
    readonly courseId: string,
    readonly studentId: string,
  ) {}
}

class DefineCourse {
  constructor(
    readonly courseId: string,
    readonly capacity: number,
  ) {}
}

@CommandHandler(DefineCourse)
export class DefineCourseHandler {
  constructor(private readonly log: EventLog) {}

  async execute(command: DefineCourse, context: HandlerContext): Promise<void> {
    const event = new CourseDefined(command.courseId, command.capacity);
    await this.log.append(`course-${command.courseId}`, [event], { expectedVersion: 'no-stream', context });
  }
}

@Module({
  imports: [CatgaModule.forRoot({ eventSourcing: { events: [CourseDefined, StudentSubscribed] } })],
  providers: [DefineCourseHandler],
})
export class CoursesModule {}

export async function subscribeStudent(log: EventLog, courseId: string, studentId: string): Promise<void> {
  const query = [{ tags: [`course:${courseId}`] }, { tags: [`student:${studentId}`] }];
  for (;;) {
    const { events, position } = await log.readAll({ query });
    const taken = events.filter(({ event }) => event instanceof StudentSubscribed && event.courseId === courseId);
    const course = events.find(({ event }) => event instanceof CourseDefined && event.courseId === courseId);
    const capacity = course?.event instanceof CourseDefined ? course.event.capacity : 0;
    if (taken.length >= capacity) throw new Error(`Course ${courseId} is full`);
    try {
      const event = new StudentSubscribed(courseId, studentId);
      await log.append(`subscription-${courseId}-${studentId}`, [event], { conditions: [{ query, after: position }] });
      return;
    } catch (error) {
      if (!(error instanceof AppendConditionError)) throw error;
      // Somebody has touched the course or the student meanwhile: decide again.
    }
  }
}

@Event('order-placed', { version: 3 })
export class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly total: { readonly amount: number; readonly currency: string },
  ) {}
}

@Injectable()
export class OrderUpcasters {
  // It was called order-created, and all prices were in euros.
  @Upcast('order-created', 1, { to: 'order-placed', toVersion: 2 })
  addCurrency(data: { orderId: string; amount: number }) {
    return { ...data, currency: 'EUR' };
  }

  @Upcast(OrderPlaced, 2)
  nestTotal({ amount, currency, ...rest }: { orderId: string; amount: number; currency: string }) {
    return { ...rest, total: { amount, currency } };
  }

  @Downcast(OrderPlaced, 3)
  flattenTotal({ total, ...rest }: OrderPlaced) {
    return { ...rest, ...total };
  }
}

afterAll(closeStores);

describe('the guides to the log and to events that change', () => {
  it('append in a handler, read, and change streams as a whole', async () => {
    const module = await Test.createTestingModule({ imports: [CoursesModule] }).compile();
    module.useLogger(false);
    await module.init();
    await module.get(Mediator).send(new DefineCourse('c1', 2), { tenant: 'acme' });
    const log = module.get(EventLog);
    const lines: string[] = [];
    for (const { event, version, at, metadata } of await log.read('course-c1')) {
      lines.push(`${version} ${event.constructor.name} at ${new Date(at).toISOString()} for ${metadata.tenant}`);
    }
    const latest = await log.read('course-c1', { direction: 'backward', limit: 1 });
    const page = await log.readAll({ events: [StudentSubscribed], query: { tags: ['student:ann'] }, limit: 100 });
    const next = await log.readAll({ events: [StudentSubscribed], after: page.position });
    expect(lines).toEqual([expect.stringMatching(/^1 CourseDefined at .* for acme$/)]);
    expect([latest.length, page.events.length, next.events.length]).toEqual([1, 0, 0]);
    await log.truncate('course-c1', 1); // removes the events below version 1: none
    await log.archive('course-c1'); // read by name only, takes no events
    await log.delete('course-c1'); // not read at all, takes no events
    await log.restore('course-c1'); // open again
    expect(await log.stream('course-c1')).toMatchObject({ state: 'open', version: 1 });
    await module.close();
  });

  it('decide on a boundary of their own', async () => {
    const store = new MemoryStore();
    const log = new EventLog(store, new EventRegistry(store));
    await log.append('course-c1', [new CourseDefined('c1', 2)]);
    const tries = ['ann', 'bob', 'cid', 'dora'].map((student) =>
      subscribeStudent(log, 'c1', student).then(
        () => 'in',
        (error: Error) => error.message,
      ),
    );
    expect((await Promise.all(tries)).sort()).toEqual(['Course c1 is full', 'Course c1 is full', 'in', 'in']);
  });

  it('follow the log, and read their own writes', async () => {
    const store: Store = new MemoryStore();
    const log = new EventLog(store, new EventRegistry(store).register(StudentSubscribed));
    const welcomed: string[] = [];
    const mailer = { welcome: async (student: string) => void welcomed.push(student) };
    const saved = await store.getRecord('checkpoints', 'welcome');
    const subscription = log.subscribe<StudentSubscribed>(
      { name: 'Welcome mails', events: [StudentSubscribed], after: Number(saved?.value ?? 0) },
      async (events, position) => {
        for (const { event } of events) await mailer.welcome(event.studentId);
        await store.commit({ records: [{ collection: 'checkpoints', key: 'welcome', value: position }] });
      },
    );
    const { position } = await log.append('subscription-c1-ann', [new StudentSubscribed('c1', 'ann')]);
    await subscription.waitFor(position, '5s');
    await subscription.stop();
    expect(welcomed).toEqual(['ann']);
    expect((await store.getRecord('checkpoints', 'welcome'))?.value).toBe(1);
  });

  it('read what former programs have stored, and write for older ones', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const registry = new EventRegistry(store, { writeAs: { 'order-placed': 2 } }).addSteps(new OrderUpcasters());
    const log = new EventLog(store, registry.register(OrderPlaced));
    const events = [{ type: 'order-created', data: '{"orderId":"a","amount":5}' }];
    store.commit({ appends: [{ stream: 'order-a', expectedVersion: 'any', events }] });
    const event = new OrderPlaced('a', { amount: 5, currency: 'EUR' });
    await log.append('order-a', [event]);
    expect((await log.read('order-a')).map((recorded) => recorded.event)).toEqual([event, event]);
    expect((await store.readStream('order-a'))[1]?.data).toBe('{"orderId":"a","amount":5,"currency":"EUR"}');
  });

  it('guard the shapes of events', () => {
    const file = join(newFolder(), 'event-schemas.json');
    for (let run = 1; run <= 2; run++) {
      expectEventSchemas(file, {
        samples: [new OrderPlaced('42', { amount: 12.5, currency: 'EUR' }), new CourseDefined('c1', 30)],
        upcasters: [new OrderUpcasters()],
        write: true, // default: only where the environment has no CI
      });
    }
    rmSync(file);
  });
});
