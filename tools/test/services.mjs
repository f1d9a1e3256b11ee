/**
 * Servers that tests need. None today: everything so far runs in this process or on a file. This is the place to find
 * or start Redis and NATS: on 127.0.0.1, on free ports, with their data in a temporary folder.
 *
 * @returns what to add to the environment of the tests, and how to stop what was started here (and only that).
 */
export function startServices() {
  return Promise.resolve({ env: {}, stop: () => Promise.resolve() });
}
