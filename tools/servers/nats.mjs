import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startManaged } from './managed-server.mjs';
import { exchange } from './resp.mjs';

/** Starts a NATS server with JetStream on files; see `index.d.mts`. */
export function startNats(options = {}) {
  const { jetstream = true, syncInterval, config = '' } = options;
  return startManaged('nats', options, {
    scheme: 'nats',
    argsFor: ({ port, folder, args }) => {
      const file = join(folder, 'nats.conf');
      writeFileSync(file, configFor({ port, folder, jetstream, syncInterval, config }));
      return ['--config', file, ...args];
    },
    isReady: (port) => isNatsReady(port, jetstream),
  });
}

function configFor({ port, folder, jetstream, syncInterval, config }) {
  const sync = syncInterval === undefined ? '' : `sync_interval: ${JSON.stringify(syncInterval)}`;
  const store = `jetstream { store_dir: ${JSON.stringify(folder)} ${sync} }`;
  return [`listen: "127.0.0.1:${port}"`, jetstream ? store : '', config, ''].join('\n');
}

/** Every connection begins with INFO; JetStream has read its files by then. */
async function isNatsReady(port, jetstream) {
  const info = await natsInfo(port);
  return !jetstream || info.jetstream === true;
}

/** What a NATS server says of itself when somebody connects: `version`, `jetstream`, `server_name`, ... */
export async function natsInfo(port, host = '127.0.0.1') {
  const line = await exchange({ port, host }, '', (text) => text.includes('\r\n'));
  return JSON.parse(line.slice('INFO '.length, line.indexOf('\r\n')));
}
