import { dataFolder } from './folder.mjs';
import { freePort, isFree } from './ports.mjs';
import { defaultProgram, describeProgram } from './program.mjs';
import { ServerProcess, ServerStartError } from './server-process.mjs';

const ATTEMPTS = 4;

/**
 * Starts one server and gives the handle that `index.d.mts` describes.
 *
 * @param kind `'redis'` or `'nats'`.
 * @param options `{ program, folder, port, args }` as the caller gave them.
 * @param protocol `{ scheme, argsFor({ port, folder, args }), isReady(port) }`.
 */
export async function startManaged(kind, options, { scheme, argsFor, isReady }) {
  const program = options.program ?? defaultProgram(kind);
  const { version, product } = describeProgram(program);
  const folder = dataFolder(options.folder, kind);
  let args = options.args ?? [];
  let port = 0;
  const server = new ServerProcess(program, folder.path, () => isReady(port));
  const start = async () => {
    // Else whoever listens there would answer in its place.
    if (!(await isFree(port)))
      throw new ServerStartError(program, 'was not started', `Address already in use: ${port}`);
    await server.start(argsFor({ port, folder: folder.path, args }));
  };
  const attempts = options.port === undefined ? ATTEMPTS : 1;
  try {
    await startOnPort(options.port, attempts, (chosen) => {
      port = chosen;
      return start();
    });
  } catch (error) {
    folder.remove();
    throw error;
  }
  return {
    name: `${product} ${version}`,
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    program,
    version,
    folder: folder.path,
    get pid() {
      return server.pid;
    },
    get output() {
      return server.output;
    },
    kill9: () => server.kill9(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    async restart(newArgs) {
      await server.end();
      args = newArgs ?? args;
      await start();
    },
    async stop() {
      await server.end();
      folder.remove();
    },
  };
}

/** Between finding a free port and listening on it somebody else may take it: then the next one is tried. */
async function startOnPort(given, attempts, start) {
  for (let attempt = 1; ; attempt++) {
    const port = given ?? (await freePort());
    try {
      await start(port);
      return;
    } catch (error) {
      const taken = error instanceof ServerStartError && /address already in use/i.test(error.output);
      if (!taken || attempt >= attempts) throw error;
    }
  }
}
