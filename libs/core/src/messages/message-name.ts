import { CatgaError, type CatgaErrorOptions } from '../foundation/index.js';
import type { Type } from './command.js';

/** Wire name and version of a message class. */
export interface MessageIdentity {
  /** Stable across deployments and minifiers when given by a decorator; otherwise the name of the class. */
  readonly name: string;
  /** Version of the shape, from 1. */
  readonly version: number;
  /** False when the name is only the name of the class. */
  readonly isExplicit: boolean;
}

/** Options of {@link Event} and {@link MessageName}. */
export interface MessageNameOptions {
  /** Version of the shape of the message: a whole number from 1. Default 1. */
  readonly version?: number;
}

/** A wire name that cannot be used. */
export class InvalidMessageNameError extends CatgaError {
  readonly code = 'CATGA_INVALID_MESSAGE_NAME';
  readonly kind = 'configuration';
  constructor(message: string, options?: CatgaErrorOptions) {
    super(message, options);
  }
}

// Own property of the class, never inherited: a derived event is another message than its base.
const IDENTITY = Symbol.for('catga:message-identity');

/**
 * Gives a class the name under which its instances are stored and sent, so that renaming the class or minifying the
 * program changes nothing. {@link Event} is the same for events.
 *
 * @throws {InvalidMessageNameError} at load: the name is empty, the version no whole number from 1, or the class has a
 * name already
 * @example `@MessageName('orders.create')`
 */
export function MessageName(name: string, options: MessageNameOptions = {}): ClassDecorator {
  return (target) => {
    const version = options.version ?? 1;
    assertName(target.name, name, version);
    if (Object.hasOwn(target, IDENTITY)) throw new InvalidMessageNameError(twoNames(target as never, name));
    const identity: MessageIdentity = Object.freeze({ name, version, isExplicit: true });
    Object.defineProperty(target, IDENTITY, { value: identity });
  };
}

/**
 * Gives an event class its wire name and version.
 *
 * @throws {InvalidMessageNameError} see {@link MessageName}
 * @example
 * ```ts
 * @Event('order-created', { version: 2 })
 * export class OrderCreated { constructor(readonly orderId: string) {} }
 * ```
 */
export function Event(name: string, options: MessageNameOptions = {}): ClassDecorator {
  return MessageName(name, options);
}

/** Wire name and version of a message class. Without a decorator: the name of the class, version 1. */
export function messageIdentity(type: Type): MessageIdentity {
  const own = Object.getOwnPropertyDescriptor(type, IDENTITY)?.value as MessageIdentity | undefined;
  return own ?? { name: type.name, version: 1, isExplicit: false };
}

/** Wire name of a message class, see {@link messageIdentity}. */
export function messageName(type: Type): string {
  return messageIdentity(type).name;
}

function twoNames(type: Type, second: string): string {
  return `Class ${type.name} has two message names: "${messageName(type)}" and "${second}". Remove one of the decorators.`;
}

function assertName(className: string, name: unknown, version: unknown): void {
  if (typeof name !== 'string' || name.trim() === '') {
    throw new InvalidMessageNameError(
      `Class ${className} is decorated with an empty message name. Write a stable text, e.g. @Event('order-created').`,
      { details: { className } },
    );
  }
  if (!Number.isSafeInteger(version) || (version as number) < 1) {
    throw new InvalidMessageNameError(
      `Message "${name}" (class ${className}) has version ${String(version)}. Versions are whole numbers from 1.`,
      { details: { className, name } },
    );
  }
}
