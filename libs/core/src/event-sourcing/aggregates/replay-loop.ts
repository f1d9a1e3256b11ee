/** A method that takes an event; called with the aggregate as `this`. */
export type EventMethod = (this: object, event: object) => unknown;

/**
 * Applies the events at a place and every `step`th one behind it, up to the first whose class is none of those it was
 * made for.
 *
 * @returns the place where it stopped: `end`, or behind, when it has applied all
 */
export type ReplayLoop = (
  target: object,
  events: readonly unknown[],
  from: number,
  end: number,
  step: number,
) => number;

/** Classes that are compared one by one; events of further ones are left to whoever asked. */
const COMPARED = 32;

/** So that no two texts are the same: V8 would give them one loop and one set of call sites. */
let made = 0;

/**
 * The loop of one class of aggregates.
 *
 * A loop that all classes share calls another method on another object each time, so the compiler can neither inline the
 * methods nor know their objects: 10 to 20 ns an event, most of it the call. One of its own is compiled to what somebody
 * would write by hand for that class, 3 to 6 ns. A closure does not do it, because V8 keeps what it learns with the place
 * in the source that made it; only a source of its own does. Nothing of the application gets into the text but the names
 * of the methods, as JSON. They are called by name, because the compiler inlines what a name always leads to, but a
 * function in a variable only at times.
 *
 * Where generating code is forbidden (`--disallow-code-generation-from-strings`) it is the shared loop.
 *
 * @param methods the name of the method for each of the classes
 */
export function replayLoop(classes: readonly unknown[], methods: readonly string[]): ReplayLoop {
  try {
    // eslint-disable-next-line typescript/no-implied-eval -- see above for what gets into the text
    const make = new Function('classes', textOf(methods.slice(0, COMPARED))) as (...parts: unknown[]) => ReplayLoop;
    return make(classes);
  } catch (error) {
    if ((error as Error).name !== 'EvalError') throw error;
    return sharedLoop(classes, methods);
  }
}

function textOf(methods: readonly string[]): string {
  const constants = methods.map((_, place) => `const c${place} = classes[${place}];`);
  const cases = methods.map((name, place) => `if (type === c${place}) target[${JSON.stringify(name)}](event); else`);
  return `'use strict';
${constants.join('\n')}
return function replay(target, events, from, end, step) {
  for (let at = from; at < end; at += step) {
    const event = events[at];
    if (event === null || event === undefined) return at;
    const type = event.constructor;
    ${cases.join('\n    ')}
    return at;
  }
  return end;
};
//# sourceURL=catga/replay-${++made}.js`;
}

function sharedLoop(classes: readonly unknown[], methods: readonly string[]): ReplayLoop {
  return (target, events, from, end, step) => {
    let type: unknown;
    let method: string | undefined;
    for (let at = from; at < end; at += step) {
      const event = events[at] as object | null | undefined;
      if (event === null || event === undefined) return at;
      // Neighbours are often of one class.
      if (event.constructor !== type) {
        type = event.constructor;
        method = methods[classes.indexOf(type)];
      }
      if (method === undefined) return at;
      (target as Record<string, EventMethod>)[method]?.(event);
    }
    return end;
  };
}
