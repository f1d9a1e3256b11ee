import { CatgaModule, CatgaProcess, Command, Mediator } from '@catga/core';
import { bootContext } from '../nest.js';
import { nextTurn, type Contestant } from '../contestant.js';

/** Steps of one run: as many as fit without the warning about long journals. */
const STEPS = 400;

class Walk extends Command<number> {
  constructor(readonly id: number) {
    super();
  }
}

@CatgaProcess(Walk)
class WalkProcess {
  async execute(_walk: Walk): Promise<number> {
    let sum = 0;
    for (let i = 0; i < STEPS; i++) sum += await this.walk(i);
    return sum;
  }
  private async walk(i: number): Promise<number> {
    return i + 1;
  }
}

/** The step written down by hand: two lines in a list and one `.then`, nothing that an engine is for. */
class WalkByHand {
  private events: unknown[] = [];
  private now = 0;
  async execute(_walk: Walk): Promise<number> {
    this.events = [];
    this.now = Date.now();
    let sum = 0;
    for (let i = 0; i < STEPS; i++) sum += await this.walk(i);
    return sum;
  }
  private walk(i: number): Promise<number> {
    this.events.push('walk', this.now, [i]);
    return this.body(i).then(this.ended);
  }
  private async body(i: number): Promise<number> {
    return i + 1;
  }
  private readonly ended = (value: number): number => {
    this.events.push('walked', this.now, value);
    return value;
  };
}

/** The bare method, the one written down by hand, or the recorded step, awaited in a loop of a run of 400. */
export default async function steps(variant: string): Promise<Contestant> {
  let id = 0;
  if (variant === 'bare') {
    const process = new WalkProcess();
    return { unit: STEPS, run: (walks) => repeat(walks, () => process.execute(new Walk(id++))) };
  }
  if (variant === 'by-hand') {
    const process = new WalkByHand();
    return { unit: STEPS, run: (walks) => repeat(walks, () => process.execute(new Walk(id++))) };
  }
  const app = await bootContext({
    // Each journal is written in full, but only the last one is kept: what keeping costs is measured with processes.
    imports: [CatgaModule.forRoot({ processes: { retention: { count: 1 } }, endpoints: false })],
    providers: [WalkProcess],
  });
  const mediator = app.get(Mediator);
  return {
    unit: STEPS,
    close: () => app.close(),
    run: (walks) => repeat(walks, () => mediator.send(new Walk(id++))),
  };
}

async function repeat(times: number, walk: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i++) {
    await walk();
    await nextTurn();
  }
}
