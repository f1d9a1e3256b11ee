import type { Type } from '../../messages/index.js';

// Own property of the class, never inherited, as the name of the event is.
const TAGS = Symbol.for('catga:event-tags');

/** Says by which tags an event can be found. */
export type EventTagger<E extends object = object> = (event: E) => readonly string[];

/**
 * Tags every event of the class, so that readers and append conditions can ask for "everything about this customer"
 * across streams. Tags are plain text in the store, never encrypted: put ids there, no personal data.
 *
 * @example
 * ```ts
 * @Event('student-subscribed')
 * @EventTags<StudentSubscribed>((event) => [`student:${event.studentId}`, `course:${event.courseId}`])
 * export class StudentSubscribed { constructor(readonly studentId: string, readonly courseId: string) {} }
 * ```
 */
export function EventTags<E extends object>(tags: EventTagger<E>): (target: Type<E>) => void {
  return (target) => {
    Object.defineProperty(target, TAGS, { value: tags });
  };
}

/** What {@link EventTags} said about the class; undefined when it has no tags. */
export function eventTagger(type: Type<object>): EventTagger | undefined {
  return Object.getOwnPropertyDescriptor(type, TAGS)?.value as EventTagger | undefined;
}
