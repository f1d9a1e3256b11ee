import { Event } from '../../messages/index.js';

/**
 * A subject was forgotten: its key is gone. In the log, in the commit that took the key away, so that projections learn
 * of it in order and remove what they have copied into their read models.
 *
 * @example
 * ```ts
 * @On(SubjectForgotten)
 * async forgotten({ subject }: SubjectForgotten, context: ProjectionContext) { … }
 * ```
 */
@Event('catga-subject-forgotten')
export class SubjectForgotten {
  constructor(
    /** The id that the events gave. */
    readonly subject: string,
  ) {}
}
