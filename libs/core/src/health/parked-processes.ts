import { PARKED, type Processes } from '../processes/index.js';
import { MOST_COUNTED } from './health.options.js';

/** Runs that wait for somebody's decision, by status. Statuses without any are left out. */
export type ParkedCounts = Readonly<Record<string, number>>;

/** Counts parked runs, up to {@link MOST_COUNTED} of each status. */
export async function countParked(processes: Processes): Promise<ParkedCounts> {
  const counts = await Promise.all(
    [...PARKED].map(async (status) => {
      const page = await processes.list({ status, limit: MOST_COUNTED });
      return [status, page.processes.length] as const;
    }),
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
