import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';

/** The floor of three behaviours: three async functions around the async method, nothing else. */
export default async function nested(): Promise<Contestant> {
  const app = await bootContext({});
  const handler = {
    async execute(command: { value: number }) {
      return command.value;
    },
  };
  const inner = async (command: { value: number }) => await handler.execute(command);
  const middle = async (command: { value: number }) => await inner(command);
  const outer = async (command: { value: number }) => await middle(command);
  const command = { value: 1 };
  return {
    close: () => app.close(),
    async run(operations) {
      for (let i = 0; i < operations; i++) await outer(command);
    },
  };
}
