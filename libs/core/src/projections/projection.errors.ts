import { CatgaError, nearestName } from '../foundation/index.js';

/** A class or its options cannot be a projection. Found at boot; lists every fault with what to write instead. */
export class ProjectionDefinitionError extends CatgaError {
  readonly code = 'CATGA_PROJECTION_DEFINITION';
  readonly kind = 'configuration';
  constructor(
    readonly projection: string,
    readonly problems: readonly string[],
  ) {
    super(`${projection} cannot be a projection:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`, {
      details: { projection, problems },
    });
  }
}

/** There is no projection of that name in this application. */
export class UnknownProjectionError extends CatgaError {
  readonly code = 'CATGA_PROJECTION_UNKNOWN';
  readonly kind = 'request';
  constructor(name: string, known: readonly string[]) {
    const nearest = nearestName(name, known);
    super(
      `There is no projection "${name}". ${nearest ? `Did you mean "${nearest}"? ` : ''}Known: ${known.join(', ') || 'none; list the class among the providers of a module'}.`,
      { details: { name, known } },
    );
  }
}

/** A projection was asked for a read model that it has not declared. */
export class UnknownReadModelError extends CatgaError {
  readonly code = 'CATGA_READ_MODEL_UNKNOWN';
  readonly kind = 'configuration';
  constructor(projection: string, model: string, known: readonly string[]) {
    super(
      `Projection "${projection}" has no read model "${model}". It has: ${known.join(', ')}. Declare it: @Projection({ models: ['${model}'] }).`,
      { details: { projection, model, known } },
    );
  }
}

/** A projection gave a read model something that cannot be a value. */
export class ReadModelValueError extends CatgaError {
  readonly code = 'CATGA_READ_MODEL_VALUE';
  readonly kind = 'internal';
  constructor(projection: string, model: string, key: string, problem: string) {
    super(`Read model "${model}" of projection "${projection}", key "${key}": ${problem}`, {
      details: { projection, model, key },
    });
  }
}

/** The read model did not get as far as asked in time. It goes on; see its lag in the status. */
export class ProjectionWaitTimeoutError extends CatgaError {
  readonly code = 'CATGA_PROJECTION_WAIT_TIMEOUT';
  readonly kind = 'infrastructure';
  constructor(projection: string, position: number, timeout: number, reached: number, why: string) {
    super(
      `Projection "${projection}" did not reach position ${position} within ${timeout} ms; it is at ${reached}${why}. Answer with what there is, or wait longer.`,
      { details: { projection, position, timeout, reached } },
    );
  }
}

/** The operation makes no sense in the state the projection is in. */
export class ProjectionStateError extends CatgaError {
  readonly code = 'CATGA_PROJECTION_STATE';
  readonly kind = 'request';
  constructor(projection: string, problem: string) {
    super(`Projection "${projection}" ${problem}`, { details: { projection } });
  }
}

/** This node runs other code for the projection than the one whose read model is live now. */
export class ProjectionSupersededError extends CatgaError {
  readonly code = 'CATGA_PROJECTION_SUPERSEDED';
  readonly kind = 'infrastructure';
  constructor(projection: string, own: string, live: string) {
    super(
      `Inline projection "${projection}" of this node is ${own}, but its live read model is ${live}: another node has rebuilt it. Events for it cannot be appended here; deploy the newer code on this node.`,
      { details: { projection, own, live } },
    );
  }
}

/** A dead letter with this id does not exist, or not any more. */
export class DeadLetterNotFoundError extends CatgaError {
  readonly code = 'CATGA_DEAD_LETTER_NOT_FOUND';
  readonly kind = 'request';
  constructor(projection: string, id: string) {
    super(
      `Projection "${projection}" has no dead letter "${id}"; somebody may have replayed or discarded it. List them again.`,
      { details: { projection, id } },
    );
  }
}

/** The event of a dead letter cannot be replayed, because an older one of the same key stands before it, or it is gone. */
export class DeadLetterReplayError extends CatgaError {
  readonly code = 'CATGA_DEAD_LETTER_REPLAY';
  readonly kind = 'request';
  constructor(projection: string, id: string, problem: string) {
    super(`Dead letter "${id}" of projection "${projection}" cannot be replayed: ${problem}`, {
      details: { projection, id },
    });
  }
}

/** A projection's method failed on an event of a commit that it is part of; nothing was committed. */
export class InlineProjectionError extends CatgaError {
  readonly code = 'CATGA_PROJECTION_INLINE_FAILED';
  readonly kind = 'internal';
  constructor(projection: string, eventType: string, stream: string, cause: unknown) {
    super(
      `Inline projection "${projection}" failed on "${eventType}" for stream "${stream}", so nothing was committed: ${cause instanceof Error ? cause.message : String(cause)}. Mend the projection, or make it mode: 'async' so that it cannot hold a commit back.`,
      { details: { projection, eventType, stream }, cause },
    );
  }
}
