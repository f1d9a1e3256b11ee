// A node of a small cluster: a Nest application on one SQLite file, driven by lines on its standard input.
//   start <from> <count>   starts that many runs
// Each step takes so many milliseconds as the fourth argument says.
// Says what it does on its standard output, and appends every effect of a step to a file.
import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CatgaModule, CatgaProcess, ProcessContext, Processes } from '@catga/core';
import { CatgaSqliteModule } from '@catga/sqlite';

const [name, path, effects, pace = '150'] = process.argv.slice(2);

class Work {
  constructor(workId) {
    this.workId = workId;
  }
}

class WorkProcess {
  constructor(context) {
    this.context = context;
  }
  async execute(work) {
    const results = [];
    for (let round = 1; round <= 3; round++) results.push(await this.one(work.workId, round));
    const both = await Promise.all([this.two(work.workId), this.three(work.workId)]);
    return [...results, ...both];
  }
  async one(id, round) {
    return this.effect(`one ${id} ${round}`);
  }
  async two(id) {
    return this.effect(`two ${id}`);
  }
  async three(id) {
    return this.effect(`three ${id}`);
  }
  async effect(what) {
    appendFileSync(effects, `${name} ${this.context.stepKey}\n`);
    await new Promise((resolve) => setTimeout(resolve, Number(pace)));
    return what;
  }
}
Inject(ProcessContext)(WorkProcess, undefined, 0);
CatgaProcess(Work)(WorkProcess);

class NodeModule {}
Module({
  imports: [
    CatgaModule.forRoot({ processes: { lease: '1500ms', defaultBackoff: '20ms' }, endpoints: false }),
    CatgaSqliteModule.forRoot({ path }),
  ],
  providers: [WorkProcess],
})(NodeModule);

const app = await NestFactory.createApplicationContext(NodeModule, { logger: ['error', 'warn'] });
const processes = app.get(Processes);
console.log('ready');

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, from, count] = line.split(' ');
  if (verb !== 'start') continue;
  for (let i = 0; i < Number(count); i++) {
    const id = `${Number(from) + i}`;
    const handle = await processes.start(WorkProcess, new Work(id));
    handle.result().then(
      () => console.log(`result ${id}`),
      (error) => console.log(`error ${id} ${error.code}`),
    );
  }
  console.log('started');
}
await app.close();
