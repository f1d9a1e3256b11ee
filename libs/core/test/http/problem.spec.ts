import {
  AggregateNotFoundError,
  AppendConditionError,
  type CatgaError,
  DeciderEndedError,
  ProjectionWaitTimeoutError,
  StaleAggregateError,
  StreamClosedError,
  SubjectForgottenError,
  VersionConflictError,
  VersionNotReachedError,
} from '../../src/index.js';
import { toProblem } from '../../src/http/problem.js';

describe('the status of an error of the event log, its aggregates and read models', () => {
  const cases: readonly [number, CatgaError][] = [
    [404, new AggregateNotFoundError('Order', '7', 'order-7')],
    [404, new VersionNotReachedError('order-7', 9, 3)],
    [409, new VersionConflictError('order-7', 3, 4)],
    [409, new AppendConditionError(0, 3, 4)],
    [409, new StreamClosedError('order-7', 'archived')],
    [409, new StaleAggregateError('Order', '7')],
    [409, new DeciderEndedError('cart', '7', 'AddItem')],
    [409, new SubjectForgottenError('c-1')],
    [504, new ProjectionWaitTimeoutError('order-list', 9, 1_000, 3, '')],
  ];

  it.each(cases.map(([status, error]) => [status, error.code, error] as const))(
    'is %i for %s',
    (status, code, error) => {
      expect(toProblem(error)).toMatchObject({ status, code, detail: error.message });
    },
  );
});
