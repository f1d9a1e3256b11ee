import { createServer } from 'node:net';

/**
 * Below the range from which systems take the local port of outgoing connections (32768 on Linux, 49152 elsewhere). A
 * client that keeps dialling a dead server on a port of that range is given that very port one day, is connected to
 * itself, and the server cannot come back.
 */
const LOWEST = 11_000;
const HIGHEST = 32_000;
const ATTEMPTS = 200;

/** A port of 127.0.0.1 on which nobody listens now. */
export async function freePort() {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port found between ${LOWEST} and ${HIGHEST} in ${ATTEMPTS} attempts.`);
}

/** Whether nobody listens on a port of 127.0.0.1. */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

/** Several of them, all different. */
export async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
