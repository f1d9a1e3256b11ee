import { Inject, type Provider } from '@nestjs/common';
import type { Type } from '../../messages/index.js';
import { readAggregateMetadata } from './aggregate.decorator.js';
import type { AggregateType, AnyAggregate } from './aggregate-model.js';
import { Aggregates } from './aggregates.js';
import type { Decider } from './decider.js';

/** Any {@link Decider}, whatever its types. */
export interface AnyDecider {
  readonly name: string;
  readonly events: readonly Type<object>[];
  decide(command: never, state: never): unknown;
  evolve(state: never, event: never): unknown;
}

/** What a repository is made for. */
export type RepositoryTarget = AggregateType<AnyAggregate> | AnyDecider;

// Tokens only; the repositories themselves belong to the application that provides them.
const tokens = new WeakMap<object, symbol>();

/**
 * Token under which Nest knows the repository of a class or decider, e.g. to replace it in a test:
 * `.overrideProvider(repositoryToken(Order)).useValue(fake)`.
 */
export function repositoryToken(target: RepositoryTarget): symbol {
  let token = tokens.get(target);
  if (token === undefined) {
    // Nest prints it when the provider is missing, so it says what to write.
    token = Symbol(`repository of ${target.name}; import CatgaModule.forFeature([${target.name}])`);
    tokens.set(target, token);
  }
  return token;
}

/**
 * Injects the repository of a class of aggregates or of a decider. The module needs `CatgaModule.forFeature([Order])`
 * among its imports, or `provideRepository(Order)` among its providers.
 *
 * @example `constructor(@InjectRepository(Order) private readonly orders: AggregateRepository<Order>) {}`
 */
export function InjectRepository(target: RepositoryTarget): ParameterDecorator & PropertyDecorator {
  return Inject(repositoryToken(target));
}

/** Provider of a repository, for the `providers` of a module; `CatgaModule.forFeature([Order])` makes the same. */
export function provideRepository(target: RepositoryTarget): Provider {
  return {
    provide: repositoryToken(target),
    inject: [Aggregates],
    useFactory: (aggregates: Aggregates) =>
      typeof target === 'function'
        ? aggregates.repository(target)
        : aggregates.decider(target as Decider<unknown, unknown, object>),
  };
}

/** The same providers, with repositories in place of aggregates and deciders. */
export function withRepositories(providers: readonly (Provider | RepositoryTarget)[]): Provider[] {
  return providers.map((provider) => (isTarget(provider) ? provideRepository(provider) : (provider as Provider)));
}

function isTarget(provider: Provider | RepositoryTarget): provider is RepositoryTarget {
  if (typeof provider === 'function') return readAggregateMetadata(provider) !== undefined;
  return 'decide' in provider && 'evolve' in provider;
}
