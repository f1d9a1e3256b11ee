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
export function makePairs(count: number): CommandPair[] {
  return Array.from({ length: count }, (_, i) => {
    const source = `return {
      command: class Command${i} extends Command { constructor(value) { super(); this.value = value; } },
      handler: class Handler${i} { async execute(command) { return command.value + ${i}; } },
    };`;
    return new Function('Command', source)(Command) as CommandPair;
  });
}
