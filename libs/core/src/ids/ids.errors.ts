import { CatgaError } from '../foundation/index.js';

/** The clock went back further than ids can bridge without repeating themselves. */
export class ClockRollbackError extends CatgaError {
  readonly code = 'CATGA_CLOCK_ROLLBACK';
  readonly kind = 'infrastructure';
  constructor(behind: number, limit: number) {
    super(
      `The clock is ${behind} ms behind the last id, more than the ${limit} ms that can be bridged. Correct the clock (NTP should slew, not step), or wait until it has caught up.`,
      { details: { behind, limit } },
    );
  }
}

/** The lease of the worker id has run out, so another node may use it: no ids until it is renewed. */
export class WorkerIdLostError extends CatgaError {
  readonly code = 'CATGA_WORKER_ID_LOST';
  readonly kind = 'infrastructure';
  constructor(workerId: number) {
    super(
      `The lease of worker id ${workerId} has run out, because it could not be renewed. Ids come again when the store is back; see its error in the log.`,
      { details: { workerId } },
    );
  }
}

/** All worker ids are taken. */
export class NoWorkerIdError extends CatgaError {
  readonly code = 'CATGA_WORKER_ID_NONE';
  readonly kind = 'infrastructure';
  constructor(count: number) {
    super(
      `All ${count} worker ids are leased. Ids of nodes that died are free again within minutes; otherwise set ids.workerId yourself.`,
      { details: { count } },
    );
  }
}

/** Ids were asked for before the application has started. */
export class IdsNotReadyError extends CatgaError {
  readonly code = 'CATGA_IDS_NOT_READY';
  readonly kind = 'configuration';
  constructor() {
    super(
      'The worker id is not leased yet: snowflake ids can be made from onModuleInit on (await app.init() in tests), or at once with ids: { workerId }.',
    );
  }
}
