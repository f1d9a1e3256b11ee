import { startSharedServers } from '../servers/shared.mjs';

/**
 * Redis and NATS for all tests.
 *
 * @param wanted false: starts none, and tests that need one fail.
 * @returns what to add to the environment of the tests, and how to stop what was started here (and only that).
 */
export function startServices(wanted = true) {
  return wanted ? startSharedServers() : Promise.resolve({ env: {}, stop: () => Promise.resolve() });
}
