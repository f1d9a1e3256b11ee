// A member of a subscription in an OS process of its own, for tests that kill or freeze it. From the built packages.
import { RedisTransport } from '../../dist/index.js';

const { url, name, quick = false, ...options } = JSON.parse(process.argv[2]);
const transport = new RedisTransport({ url, name });
await transport.open();
await transport.subscribe({ name: 'n', subjects: ['s'], ...options }, async ({ id, body }, signal) => {
  signal.addEventListener('abort', () => process.send({ aborted: id }), { once: true });
  await new Promise((resolve) => process.send({ begun: id }, resolve));
  if (body === 'die') process.kill(process.pid, 'SIGKILL');
  if (body === 'slow') {
    await new Promise((resolve) => setTimeout(resolve, 150));
    process.send({ done: id });
  }
  // The effect has happened, the acknowledgement never does.
  if (!quick) await new Promise(() => undefined);
});
process.send({ ready: true });
// Never outlives its test.
process.on('disconnect', () => process.exit());
