import { HttpException } from '@nestjs/common';
import { DomainError, isCatgaError, NonRetriableError } from '../foundation/index.js';
import { UnprocessableMessageError } from '../transport/index.js';
import type { CatgaContext } from './catga.context.js';
import { EventHandlerFailedError } from './microservice.errors.js';
import { originalError } from './original-error.js';

/**
 * What a failed handler of events is to fail with: its own error, not what Nest has made of it. An error that the
 * application's own filter has put in its place counts instead.
 */
export function eventError(context: CatgaContext, failure: unknown): Error {
  const original = originalError(context);
  const error =
    [failure, original].find(isError) ?? new EventHandlerFailedError(context.getPattern(), textOf(failure), failure);
  if (error !== original && isError(original)) error.cause ??= original;
  return isFinal(error) ? final(error) : error;
}

/** What the caller of a request gets: as Nest's transports have it, a plain object. */
export function replyError(failure: unknown): unknown {
  if (!isError(failure)) return failure;
  // Comes from the strategy, or from a filter that passes errors on: Nest hides all others.
  const { code } = failure as { code?: unknown };
  return { status: 'error', message: failure.message, ...(typeof code === 'string' && { code }) };
}

/** Errors of other realms count. */
export function isError(value: unknown): value is Error {
  if (value instanceof Error) return true;
  const { message, stack } = (value ?? {}) as { message?: unknown; stack?: unknown };
  return typeof message === 'string' && typeof stack === 'string';
}

export function textOf(failure: unknown): string {
  const message = (failure as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : String(failure);
}

/** The same event gets the same answer: refusals of the business, and of validation. */
function isFinal(error: Error): boolean {
  if (error instanceof DomainError || error instanceof NonRetriableError) return true;
  if (error instanceof HttpException) return error.getStatus() < 500;
  return isCatgaError(error) && (error.kind === 'business' || error.code === 'CATGA_MESSAGE_INVALID');
}

function final(error: Error): UnprocessableMessageError {
  const unprocessable = new UnprocessableMessageError(error.message, { cause: error });
  // The dead letter keeps one stack: that of the place where it went wrong.
  if (error.stack !== undefined) unprocessable.stack = error.stack;
  return unprocessable;
}
