import type { ProjectionManager, ProjectionStatus } from '../projections/index.js';
import type { PartHealth } from './health-parts.js';

/** How the projections are: degraded when one is too far behind or stands still because of an error. */
export async function projectionHealth(projections: ProjectionManager, maxLag: number): Promise<PartHealth> {
  const all = await projections.list();
  const details = Object.fromEntries(
    all.map(({ name, condition, lag, deadLetters }) => [
      name,
      { condition, lag, ...(deadLetters === 0 ? {} : { deadLetters }) },
    ]),
  );
  const troubles = all.flatMap((status) => troubleOf(status, maxLag));
  if (troubles.length === 0) return { status: 'up', projections: details };
  return { status: 'degraded', message: troubles.join(' '), projections: details };
}

function troubleOf({ name, condition, lag, rebuild }: ProjectionStatus, maxLag: number): string[] {
  const see = `GET /projections/${name} says more.`;
  if (condition === 'failed') return [`Projection "${name}" stands still because of an error. ${see}`];
  if (rebuild?.failure !== undefined) return [`The rebuild of projection "${name}" has failed. ${see}`];
  if (lag.milliseconds <= maxLag) return [];
  return [`Projection "${name}" is ${lag.milliseconds} ms behind, more than ${maxLag} ms. ${see}`];
}
