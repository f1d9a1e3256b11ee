import type { EventList } from '../events/index.js';
import type { EventMethod } from './event-dispatch.js';

/**
 * Applies events from a place in the list on, up to the first whose class is none of those it was made for.
 *
 * @returns the place where it stopped
 */
export type ReplayLoop = (target: object, events: EventList, from: number) => number;

/** Classes that are compared one by one; events of further ones are left to whoever asked. */
const COMPARED = 32;

/** So that no two texts are the same: V8 would give them one loop and one set of call sites. */
let made = 0;

/**
 * The loop of one class of aggregates.
 *
 * A loop that all classes share calls another method on another object each time, so the compiler can neither inline the
 * methods nor know their objects: 10 to 20 ns an event, most of it the call. One of its own is compiled to what somebody
 * would write by hand for that class, 3 to 5 ns. A closure does not do it, because V8 keeps what it learns with the place
 * in the source that made it; only a source of its own does. The text below depends on nothing but a count: nothing of
 * the application gets into it.
 *
 * Where generating code is forbidden (`--disallow-code-generation-from-strings`) it is the shared loop.
 */
export function replayLoop(classes: readonly unknown[], methods: readonly EventMethod[]): ReplayLoop {
  try {
    const places = classes.slice(0, COMPARED).map((_, place) => place);
    // What is bound by `const` becomes part of the compiled code, what is looked up in an array does not.
    const make = new Function('classes', 'methods', textOf(places)) as (...parts: unknown[]) => ReplayLoop;
    return make(classes, methods);
  } catch (error) {
    if ((error as Error).name !== 'EvalError') throw error;
    return sharedLoop(classes, methods);
  }
}

function textOf(places: readonly number[]): string {
  const constants = places.map((place) => `const c${place} = classes[${place}], m${place} = methods[${place}];`);
  const cases = places.map((place) => `if (type === c${place}) m${place}.call(target, event); else`);
  return `'use strict';
${constants.join('\n')}
return function replay(target, events, from) {
  const end = events.length;
  let at = from;
  for (; at < end; at++) {
    const event = events.at(at);
    if (event === null || event === undefined) return at;
    const type = event.constructor;
    ${cases.join('\n    ')}
    return at;
  }
  return at;
};
//# sourceURL=catga/replay-${++made}.js`;
}

function sharedLoop(classes: readonly unknown[], methods: readonly EventMethod[]): ReplayLoop {
  return (target, events, from) => {
    let type: unknown;
    let method: EventMethod | undefined;
    for (let at = from; at < events.length; at++) {
      const event = events.at(at);
      if (event === null || event === undefined) return at;
      // Neighbours are often of one class.
      if (event.constructor !== type) {
        type = event.constructor;
        method = methods[classes.indexOf(type)];
      }
      if (method === undefined) return at;
      method.call(target, event);
    }
    return events.length;
  };
}
