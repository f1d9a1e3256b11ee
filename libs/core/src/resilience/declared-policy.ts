import 'reflect-metadata';
import type { DispatchTarget } from '../mediator/index.js';

/**
 * What a policy decorator such as `@Retry` says about a target: on the method of the handler, else on its class, else
 * on the message class.
 */
export function declaredPolicy<T>(key: string, { kind, handlerType, messageType }: DispatchTarget): T | undefined {
  const method = kind === 'event' ? 'handle' : 'execute';
  const onMethod = handlerType && (Reflect.getMetadata(key, handlerType.prototype as object, method) as T | undefined);
  const onHandler = handlerType && (Reflect.getMetadata(key, handlerType) as T | undefined);
  return onMethod ?? onHandler ?? (Reflect.getMetadata(key, messageType) as T | undefined);
}
