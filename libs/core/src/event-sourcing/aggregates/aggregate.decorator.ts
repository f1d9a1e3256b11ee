import 'reflect-metadata';
import { DiscoveryService } from '@nestjs/core';
import { assertKnownOptions, InvalidOptionError } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import { resolveSnapshotOptions, type ResolvedSnapshotOptions, type SnapshotOptions } from '../snapshots/index.js';
import { AggregateDefinitionError } from './aggregate.errors.js';

/** Options of {@link Aggregate}. */
export interface AggregateOptions {
  /** When to keep a snapshot, so that a load need not read the whole history. Default: never. */
  readonly snapshots?: SnapshotOptions | undefined;
  /**
   * Events of the aggregate that no `@On` method takes. Needed where the class overrides `evolve`, so that stored
   * events find their classes again.
   */
  readonly events?: readonly Type<object>[] | undefined;
  /** What to do with an event that no method takes. Default `throw`: a forgotten method must not give a wrong state. */
  readonly unhandledEvents?: 'throw' | 'ignore' | undefined;
}

/** What {@link Aggregate} keeps about a class. */
export interface AggregateMetadata {
  /** First half of the name of its streams. */
  readonly category: string;
  readonly snapshots: ResolvedSnapshotOptions | undefined;
  readonly events: readonly Type<object>[];
  readonly unhandledEvents: 'throw' | 'ignore';
}

const KNOWN: readonly string[] = ['snapshots', 'events', 'unhandledEvents'] satisfies (keyof AggregateOptions)[];
const Discoverable = DiscoveryService.createDecorator<AggregateMetadata>();

/** Key for `DiscoveryService.getProviders({ metadataKey })`: finds aggregates that were listed as providers by mistake. */
export const AGGREGATE_METADATA_KEY: string = Discoverable.KEY;

/**
 * Names a class of aggregates. Its events are kept in streams `<name>-<id>`, so the name stays for good; what stands
 * before the first `-` of a stream is its category, so the name has no `-` of its own.
 *
 * @throws {AggregateDefinitionError} at load: the name is empty or has a `-`
 * @throws {UnknownOptionError} {@link InvalidOptionError} at load
 * @example `@Aggregate('order', { snapshots: { when: everyEvents(100) } })`
 */
export function Aggregate(name: string, options: AggregateOptions = {}): ClassDecorator {
  return (target) => {
    const where = `@Aggregate of ${target.name}`;
    assertCategory(target.name, name);
    assertKnownOptions(where, options, KNOWN);
    const { unhandledEvents = 'throw', events = [] } = options;
    if (unhandledEvents !== 'throw' && unhandledEvents !== 'ignore') {
      throw new InvalidOptionError(`${where}: unhandledEvents`, unhandledEvents, `'throw' or 'ignore'`);
    }
    if (!Array.isArray(events) || events.some((event) => typeof event !== 'function')) {
      throw new InvalidOptionError(`${where}: events`, events, 'an array of event classes');
    }
    const snapshots = resolveSnapshotOptions(`${where}: snapshots`, options.snapshots);
    Discoverable({ category: name, snapshots, events, unhandledEvents })(target);
  };
}

/** What {@link Aggregate} was told about this very class; undefined for other classes and for mere subclasses. */
export function readAggregateMetadata(type: object): AggregateMetadata | undefined {
  return Reflect.getOwnMetadata(AGGREGATE_METADATA_KEY, type) as AggregateMetadata | undefined;
}

/** @throws {AggregateDefinitionError} when the name cannot be the category of streams */
export function assertCategory(owner: string, name: unknown): void {
  if (typeof name !== 'string' || name.trim() === '') {
    throw new AggregateDefinitionError(owner, ["its name is empty. Write a stable text, e.g. @Aggregate('order')."]);
  }
  if (name === 'process') {
    throw new AggregateDefinitionError(owner, ['streams "process-…" are journals of processes. Take another name.']);
  }
  if (name.includes('-')) {
    const better = name.replace(/-+(.?)/g, (_, letter: string) => letter.toUpperCase());
    throw new AggregateDefinitionError(owner, [
      `its name "${name}" has a "-", which ends the category in the name of a stream. Write "${better}".`,
    ]);
  }
}
