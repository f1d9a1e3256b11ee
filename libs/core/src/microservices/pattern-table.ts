import type { MessageHandler } from '@nestjs/microservices';
import { InvalidOptionError } from '../foundation/index.js';
import { resolveTuning, type SubscriptionTuning } from '../messaging/index.js';
import type { SubscriptionOptions } from '../transport/index.js';
import { DuplicateMessagePatternError } from './microservice.errors.js';
import { toEventPatternOptions, type EventPatternOptions } from './microservice.options.js';
import { assertExact, eventSubject, requestSubject, subscriptionName } from './pattern-subjects.js';

/** A method of the application behind Nest's guards, pipes, interceptors and filters. */
export type PatternHandler = MessageHandler<unknown, unknown, unknown>;

/** The methods that an event of one pattern goes to, within one subscription. */
export interface EventRoute {
  readonly pattern: string;
  readonly subject: string;
  readonly handlers: PatternHandler[];
}

/** Events that are acknowledged together. */
export interface EventSubscription {
  readonly name: string;
  readonly options: SubscriptionOptions;
  /** By subject. */
  readonly routes: ReadonlyMap<string, EventRoute>;
}

/** The method that answers a pattern. */
export interface RequestRoute {
  readonly pattern: string;
  readonly subject: string;
  readonly handler: PatternHandler;
}

interface EventEntry {
  readonly pattern: string;
  readonly options: EventPatternOptions;
  readonly handler: PatternHandler;
}

/**
 * The methods that Nest has found. Events and requests are kept apart, because Nest's own map has one place for a pattern:
 * with one method of each kind there, the second would displace the first without a word.
 */
export class PatternTable {
  private readonly events: EventEntry[] = [];
  private readonly answers = new Map<string, RequestRoute>();
  private fault: unknown;

  /** @throws {DuplicateMessagePatternError} @throws {UnknownOptionError} */
  add(pattern: unknown, route: string, handler: PatternHandler, isEvent: boolean, extras: EventPatternOptions): void {
    try {
      assertExact(pattern);
    } catch (error) {
      // Said by `listen`, which has somebody to tell.
      this.fault ??= error;
      return;
    }
    if (isEvent) this.events.push({ pattern: route, options: toEventPatternOptions(route, extras), handler });
    else if (this.answers.has(route)) throw new DuplicateMessagePatternError(route);
    else this.answers.set(route, { pattern: route, subject: requestSubject(route), handler });
  }

  /** @throws what was wrong with the patterns */
  check(): void {
    if (this.fault !== undefined) throw this.fault as Error;
  }

  requests(): readonly RequestRoute[] {
    return [...this.answers.values()];
  }

  /** @throws {InvalidOptionError} methods of one subscription contradict each other */
  subscriptions(group: string, defaults: SubscriptionTuning): readonly EventSubscription[] {
    const byName = new Map<string, EventEntry[]>();
    for (const entry of this.events) {
      const name = subscriptionName(group, entry.options.subscription ?? entry.pattern);
      byName.set(name, [...(byName.get(name) ?? []), entry]);
    }
    return [...byName].map(([name, entries]) => {
      const routes = routesOf(entries);
      const tuning = resolveTuning(`subscription "${name}"`, defaults, tuningOf(name, entries));
      return { name, routes, options: { ...tuning, name, subjects: [...routes.keys()] } };
    });
  }
}

function routesOf(entries: readonly EventEntry[]): ReadonlyMap<string, EventRoute> {
  const routes = new Map<string, EventRoute>();
  for (const { pattern, handler } of entries) {
    const subject = eventSubject(pattern);
    const known = routes.get(subject);
    if (known === undefined) routes.set(subject, { pattern, subject, handlers: [handler] });
    else known.handlers.push(handler);
  }
  return routes;
}

function tuningOf(name: string, entries: readonly EventEntry[]): SubscriptionTuning {
  const said: Record<string, unknown> = {};
  for (const { pattern, options } of entries) {
    for (const [option, value] of Object.entries(options)) {
      if (option === 'subscription' || value === undefined) continue;
      if (option in said && said[option] !== value) {
        const where = `@EventPattern(${JSON.stringify(pattern)}).${option}`;
        throw new InvalidOptionError(where, value, `the same as the other methods of subscription "${name}"`);
      }
      said[option] = value;
    }
  }
  return said;
}
