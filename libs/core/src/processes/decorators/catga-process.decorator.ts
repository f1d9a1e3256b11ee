import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Type } from '../../messages/index.js';
import type { ExistingProcessPolicy } from '../api/process.types.js';
import { assertClass, placeOf } from './decorator-place.js';
import { ProcessDecoratorError } from './decorator.errors.js';

/** Options of {@link CatgaProcess}. */
export interface CatgaProcessOptions<C extends object = object> {
  /** Name of the process, the first half of every id. Default: the name of the class. */
  readonly name?: string;
  /** What to do when the id of a new run exists. Default `'attach'`. */
  readonly onExisting?: ExistingProcessPolicy;
  /** Tags of a new run, to find it by: `(command) => ['customer:' + command.customerId]`. Default: none. */
  readonly tags?: (command: C) => readonly string[];
}

/** What {@link CatgaProcess} keeps about a class. */
export interface ProcessMetadata {
  readonly command: Type<object>;
  readonly name?: string;
  readonly onExisting?: ExistingProcessPolicy;
  readonly tags?: (command: object) => readonly string[];
}

/** Decorator of a class whose `execute` takes the command `C`; anything else does not compile. */
export type ProcessClassDecorator<C extends object> = (target: Type<{ execute(command: C): Promise<unknown> }>) => void;

const WATERMARK = '__injectable__';
const POLICIES: readonly unknown[] = ['attach', 'reject', 'newRun'] satisfies ExistingProcessPolicy[];
const KNOWN: readonly string[] = ['name', 'onExisting', 'tags'];
const Discoverable = DiscoveryService.createDecorator<ProcessMetadata>();

/** Key for `DiscoveryService.getProviders({ metadataKey })`, which then gives the process classes. */
export const PROCESS_METADATA_KEY: string = Discoverable.KEY;

/**
 * Makes a class a durable process: sending the command starts a run of its `execute`. Also makes it injectable, so
 * that it needs no `@Injectable()`.
 *
 * @throws {ProcessDecoratorError} at load, when the command is no class or an option is unknown
 * @example
 * ```ts
 * @CatgaProcess(CreateOrder, { tags: (order) => [`customer:${order.customerId}`] })
 * export class OrderProcess {
 *   constructor(private readonly mediator: Mediator) {}
 *   async execute(order: CreateOrder) { return this.reserve(order.orderId); }
 *   private async reserve(orderId: string) { return this.mediator.send(new ReserveInventory(orderId)); }
 * }
 * ```
 */
export function CatgaProcess<C extends object>(
  command: Type<C>,
  options: CatgaProcessOptions<C> = {},
): ProcessClassDecorator<C> {
  return (target: Type<object>, key?: string | symbol) => {
    assertClass('@CatgaProcess', target, key);
    assertArguments(target, command, options);
    // Bottom-up: an @Injectable() below has spoken already, and a second one would wipe out its options.
    if (!Reflect.hasOwnMetadata(WATERMARK, target)) Injectable()(target);
    Discoverable({ ...options, command } as unknown as ProcessMetadata)(target);
  };
}

/** What {@link CatgaProcess} was told about this very class; undefined for other classes and for mere subclasses. */
export function readProcessMetadata(target: Type<object>): ProcessMetadata | undefined {
  return Reflect.getOwnMetadata(PROCESS_METADATA_KEY, target) as ProcessMetadata | undefined;
}

function assertArguments(target: object, command: unknown, options: CatgaProcessOptions<never>): void {
  const refuse = (advice: string): never => {
    throw new ProcessDecoratorError('@CatgaProcess', placeOf(target), advice);
  };
  if (typeof command !== 'function') {
    refuse(
      command === undefined
        ? 'the command is undefined: its file imports this one, directly or through others. Move the command into a file of its own.'
        : 'the first argument must be the class of the command that starts it: @CatgaProcess(CreateOrder).',
    );
  }
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) refuse(`there is no option "${unknown}". Known options: ${KNOWN.join(', ')}.`);
  if (options.onExisting !== undefined && !POLICIES.includes(options.onExisting)) {
    refuse(`onExisting is ${JSON.stringify(options.onExisting)}. Write 'attach', 'reject' or 'newRun'.`);
  }
  if (options.tags !== undefined && typeof options.tags !== 'function') {
    refuse("tags must be a function: tags: (command) => ['customer:' + command.customerId].");
  }
}
