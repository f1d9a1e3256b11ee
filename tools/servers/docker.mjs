import { join } from 'node:path';
import { run } from '../lib/run.mjs';
import { root } from '../lib/workspace.mjs';
import { freePort } from './ports.mjs';

/** The stable and the newest servers of `docker-compose.test.yml`. */
const SERVICES = {
  redis: { '': 'redis', _NEWEST: 'redis-newest' },
  nats: { '': 'nats', _NEWEST: 'nats-newest' },
};

/**
 * Starts the containers of `docker-compose.test.yml` on free ports, as a project of this process.
 *
 * @param docker path of the program.
 * @returns addresses as `REDIS_URL`, `REDIS_NEWEST_URL`, ..., and what ends the containers.
 * @throws {CommandError} when Docker cannot, with its output
 * @throws {Error} when it has no Compose
 */
export async function startContainers(docker, kinds) {
  const variables = {};
  const urls = {};
  const services = [];
  for (const kind of kinds) {
    for (const [which, service] of Object.entries(SERVICES[kind])) {
      const port = await freePort();
      variables[`CATGA_TEST_${kind.toUpperCase()}${which}_PORT`] = String(port);
      urls[`${kind.toUpperCase()}${which}_URL`] = `${kind}://127.0.0.1:${port}`;
      services.push(service);
    }
  }
  // Without the plugin `docker` complains of the options, which nobody would understand.
  await run(docker, ['compose', 'version']).catch(() => {
    throw new Error('this Docker has no Compose plugin; install docker-compose-plugin, or docker-compose 2');
  });
  const env = { ...process.env, ...variables };
  const files = ['compose', '-p', `catga-test-${process.pid}`, '-f', join(root, 'docker-compose.test.yml')];
  const stop = () => run(docker, [...files, 'down', '--volumes'], { env });
  try {
    await run(docker, [...files, 'up', '--detach', '--wait', ...services], { env });
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return { urls, stop };
}
