import { CatgaError, type Fault } from '../foundation/index.js';

/** A body is not what the route or the command class asks for. HTTP 422; `faults` has the path of each fault. */
export class InvalidBodyError extends CatgaError {
  readonly code = 'CATGA_INVALID_BODY';
  readonly kind = 'request';
  constructor(
    what: string,
    readonly faults: readonly Fault[],
  ) {
    super(`The body is not a valid ${what}: ${faultsText(faults)}. Correct it and send it again.`, {
      details: { what },
    });
  }
}

/** A query parameter or header is unknown or has a value that cannot be used. HTTP 400. */
export class InvalidQueryError extends CatgaError {
  readonly code = 'CATGA_INVALID_QUERY';
  readonly kind = 'request';
  constructor(readonly faults: readonly Fault[]) {
    super(`The query cannot be used: ${faultsText(faults)}.`);
  }
}

/** A request that changes something came while the endpoints that change anything are closed. HTTP 403. */
export class OperationsClosedError extends CatgaError {
  readonly code = 'CATGA_OPERATIONS_CLOSED';
  readonly kind = 'request';
  constructor(why: string) {
    super(
      `The endpoints that change something are closed: ${why}. Protect them with endpoints: { guards: [YourGuard] }, or open them to everybody who can reach them with endpoints: { allowOperations: true }.`,
    );
  }
}

/** The application is stopping and takes no new event stream. HTTP 503; another node, or the next start, answers. */
export class ShuttingDownError extends CatgaError {
  readonly code = 'CATGA_SHUTTING_DOWN';
  readonly kind = 'infrastructure';
  constructor() {
    super(
      'The application is shutting down. Connect again in a moment; Last-Event-ID goes on where this stream ended.',
    );
  }
}

/** The first faults in one line; the whole list travels beside it. */
function faultsText(faults: readonly Fault[]): string {
  const shown = faults.slice(0, 3).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return shown.join('; ') + (faults.length > shown.length ? ` and ${faults.length - shown.length} more` : '');
}
