import { HttpException } from '@nestjs/common';
import { DomainError, NonRetriableError, RetryAfterError } from '../../foundation/index.js';
import { JsonCodec } from '../../store/index.js';
import {
  ProcessCancelledError,
  ProcessFailedError,
  ProcessStepError,
  ProcessStepOutcomeUnknownError,
  ProcessStepTimeoutError,
  ProcessValueError,
} from '../api/process.errors.js';

/**
 * JSON, with the error classes that a flow tells failures apart by: `catch (e) { if (e instanceof DomainError) … }`
 * means the same on the first run and on a replay. A subclass that is not registered comes back as its parent.
 */
export function defaultCodec(): JsonCodec {
  return new JsonCodec()
    .registerType(DomainError)
    .registerType(NonRetriableError)
    .registerType(RetryAfterError)
    .registerType(HttpException)
    .registerType(ProcessCancelledError)
    .registerType(ProcessFailedError)
    .registerType(ProcessStepError)
    .registerType(ProcessStepOutcomeUnknownError)
    .registerType(ProcessStepTimeoutError)
    .registerType(ProcessValueError);
}
