const known = new WeakMap<object, boolean>();

/**
 * True for the prototype of a class that declares fields only, as DTOs, commands and results mostly do, and extends
 * nothing that declares more. Its instances are data: nothing is lost when they become plain objects.
 */
export function isDataPrototype(prototype: object): boolean {
  let answer = known.get(prototype);
  if (answer === undefined) {
    const parent: unknown = Object.getPrototypeOf(prototype);
    answer =
      Reflect.ownKeys(prototype).every((key) => key === 'constructor') &&
      (isPlainPrototype(parent) || isDataPrototype(parent as object));
    known.set(prototype, answer);
  }
  return answer;
}

/** True for the prototype of `{}` and of `Object.create(null)`, also those of another realm (Jest, vm contexts). */
export function isPlainPrototype(prototype: unknown): boolean {
  return (
    prototype === Object.prototype ||
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf'))
  );
}
