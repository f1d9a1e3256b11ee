import { Command } from '@catga/core';
import type { Type } from '@nestjs/common';

/** A command class and a class that handles it. */
export interface CommandPair {
  readonly command: new (value: number) => object;
  readonly handler: Type<{ execute(command: object): Promise<number> }>;
}

/**
 * Command and handler classes of their own source text each. Twenty closures of one text would share what the compiler
 * learns about them, and look cheaper than twenty classes of an application are.
 */
export async function makePairs(count: number): Promise<CommandPair[]> {
  const pairs = Array.from(
    { length: count },
    (_, i) => `{
      command: class Command${i} extends Command { constructor(value) { super(); this.value = value; } },
      handler: class Handler${i} { async execute(command) { return command.value + ${i}; } },
    }`,
  );
  const source = `export default (Command) => [${pairs.join(', ')}];`;
  const module = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
    default: (base: typeof Command) => CommandPair[];
  };
  return module.default(Command);
}
