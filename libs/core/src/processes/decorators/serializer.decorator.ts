import 'reflect-metadata';
import type { Type } from '../../messages/index.js';
import type { Codec } from '../../store/index.js';
import { assertClass, placeOf } from './decorator-place.js';
import { ProcessDecoratorError } from './decorator.errors.js';

const METADATA = 'catga:process-serializer';

/**
 * The codec that keeps the inputs and results of one process. Default `processes.serializer`, else tagged JSON.
 *
 * @throws {ProcessDecoratorError} at load, when it is no codec
 * @example `@Serializer(messagePack)`
 */
export function Serializer(codec: Codec): ClassDecorator {
  return (target: object, key?: string | symbol) => {
    assertClass('@Serializer', target, key);
    if (!isCodec(codec)) {
      throw new ProcessDecoratorError(
        '@Serializer',
        placeOf(target),
        'give an object with name, encode(value) and decode(payload), not its class.',
      );
    }
    Reflect.defineMetadata(METADATA, codec, target);
  };
}

/** The codec that {@link Serializer} names. Inherited by subclasses. */
export function readSerializer(target: Type<object>): Codec | undefined {
  return Reflect.getMetadata(METADATA, target) as Codec | undefined;
}

/** True for anything with the shape of a codec. */
export function isCodec(value: unknown): value is Codec {
  const codec = value as Partial<Codec> | null | undefined;
  return (
    typeof codec === 'object' &&
    codec !== null &&
    typeof codec.name === 'string' &&
    typeof codec.encode === 'function' &&
    typeof codec.decode === 'function'
  );
}
