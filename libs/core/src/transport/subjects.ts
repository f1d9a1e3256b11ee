import { InvalidSubjectError } from './transport.errors.js';

const SUBJECT = /^[\w-]+(\.[\w-]+)*$/;
const NAME = /^[\w-]+$/;

/** @throws {InvalidSubjectError} */
export function assertSubject(subject: string): void {
  if (typeof subject !== 'string' || subject.length > 200 || !SUBJECT.test(subject)) {
    throw new InvalidSubjectError('subject', String(subject));
  }
}

/** @throws {InvalidSubjectError} */
export function assertSubscriptionName(name: string): void {
  if (typeof name !== 'string' || name.length > 100 || !NAME.test(name)) {
    throw new InvalidSubjectError('subscription', String(name));
  }
}
