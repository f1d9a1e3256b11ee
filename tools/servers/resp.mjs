import { connect } from 'node:net';

/** How long one command may take, in ms. */
const LIMIT = 5_000;

/**
 * Sends one command to a Redis server over a connection of its own and resolves with the text of its reply: enough to
 * see whether a server is up and to put a cluster together, before any client library is involved.
 *
 * @throws with the server's words when it refuses.
 */
export async function redisCommand(port, args, host = '127.0.0.1') {
  const parts = args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`);
  const reply = await exchange({ port, host }, `*${args.length}\r\n${parts.join('')}`, endOfReply);
  if (reply.startsWith('-')) throw new Error(reply.slice(1).trim());
  return reply.startsWith('$') ? reply.slice(reply.indexOf('\r\n') + 2, -2) : reply.slice(1).trim();
}

/**
 * Opens a connection, writes a text and reads until `isComplete` says so of everything that came.
 *
 * @throws when the connection fails, ends early or takes longer than five seconds.
 */
export function exchange(target, text, isComplete) {
  return new Promise((resolve, reject) => {
    const socket = connect(target);
    let received = '';
    const fail = (why) => {
      socket.destroy();
      reject(new Error(`${target.host ?? '127.0.0.1'}:${target.port} ${why}`));
    };
    socket.setTimeout(LIMIT, () => fail(`gave no answer in ${LIMIT / 1000} s`));
    socket.on('error', (error) => fail(`failed: ${error.message}`));
    socket.on('close', () => fail('closed the connection'));
    socket.setEncoding('utf8').on('data', (chunk) => {
      received += chunk;
      if (!isComplete(received)) return;
      resolve(received);
      socket.destroy();
    });
    socket.write(text);
  });
}

function endOfReply(text) {
  const line = text.indexOf('\r\n');
  if (line < 0) return false;
  if (!text.startsWith('$')) return true;
  const length = Number(text.slice(1, line));
  return length < 0 || Buffer.byteLength(text) >= line + 2 + length + 2;
}
