// A node of a small cluster: a Nest application at a place that it shares with others. Its argument is JSON:
//   name     of the node
//   place    where the nodes meet
//   effects  file to which every effect of a step is appended
//   pace     milliseconds that each step takes
//   lease    of the processes, such as '1500ms'
// Says what it does on its standard output, and is driven by lines on its standard input:
//   start <from> <count>   starts that many runs
//   wait <id> <ms>         starts a run whose step fails at first and is to be tried again after so long
//   stop                   shuts down in good order
import 'reflect-metadata';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CatgaModule, CatgaProcess, ProcessContext, Processes, RetryAfterError } from '@catga/core';
import { moduleAt } from '../support/places.mjs';

const { name, place, effects, pace, lease } = JSON.parse(process.argv[2]);

function note(context) {
  appendFileSync(effects, `${name} ${context.stepKey}\n`);
}

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
    note(this.context);
    await new Promise((resolve) => setTimeout(resolve, pace));
    return what;
  }
}
Inject(ProcessContext)(WorkProcess, undefined, 0);
CatgaProcess(Work)(WorkProcess);

class Wait {
  constructor(waitId, delay) {
    this.waitId = waitId;
    this.delay = delay;
  }
}

class WaitProcess {
  constructor(context) {
    this.context = context;
  }
  async execute(wait) {
    return this.attempt(wait.delay);
  }
  async attempt(delay) {
    const isFirst = !existsSync(effects) || !readFileSync(effects, 'utf8').includes(` ${this.context.stepKey}\n`);
    note(this.context);
    if (isFirst) throw new RetryAfterError('Not yet', delay);
    return 'done';
  }
}
Inject(ProcessContext)(WaitProcess, undefined, 0);
CatgaProcess(Wait)(WaitProcess);

class NodeModule {}
Module({
  imports: [
    CatgaModule.forRoot({ processes: { lease, defaultBackoff: '20ms', suspendAfter: '200ms' }, endpoints: false }),
    moduleAt(place),
  ],
  providers: [WorkProcess, WaitProcess],
})(NodeModule);

const app = await NestFactory.createApplicationContext(NodeModule, { logger: ['error', 'warn'] });
const processes = app.get(Processes);
console.log('ready');

async function start(type, id, command) {
  const handle = await processes.start(type, command);
  handle.result().then(
    () => console.log(`result ${id}`),
    (error) => console.log(`error ${id} ${error.code}`),
  );
}

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, first, second] = line.split(' ');
  if (verb === 'stop') break;
  if (verb === 'wait') await start(WaitProcess, first, new Wait(first, Number(second)));
  if (verb === 'start') {
    for (let i = 0; i < Number(second); i++)
      await start(WorkProcess, `${Number(first) + i}`, new Work(`${Number(first) + i}`));
  }
  console.log('started');
}
await app.close();
console.log('stopped');
process.exit(0);
