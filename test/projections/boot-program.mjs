// An application without a server, with a projection of each mode: appends, reads its own writes, and ends.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CatgaModule, Event, EventLog, On, Projection, ProjectionManager, ReadModels } from '@catga/core';
import { CatgaSqliteModule } from '@catga/sqlite';

class Counted {}
Event('counted')(Counted);

function projection(mode) {
  class Counter {
    counted(_event, context) {
      context.model().update('all', (old) => (old ?? 0) + 1);
    }
  }
  On(Counted)(Counter.prototype, 'counted', Object.getOwnPropertyDescriptor(Counter.prototype, 'counted'));
  Projection({ name: `counter-${mode}`, mode })(Counter);
  return Counter;
}
const projections = ['async', 'inline', 'live'].map(projection);

class ProgramModule {}
Module({
  imports: [CatgaModule.forRoot(), CatgaSqliteModule.forRoot({ path: process.argv[2] })],
  providers: projections,
})(ProgramModule);

const app = await NestFactory.createApplicationContext(ProgramModule, { logger: ['error', 'warn'] });
const { position } = await app.get(EventLog).append('count-1', [new Counted(), new Counted()]);
const counts = [];
for (const one of projections) {
  await app.get(ProjectionManager).waitFor(one, position);
  counts.push(await app.get(ReadModels).of(one).get('all'));
}
await app.close();
console.log(counts.join(' '));
