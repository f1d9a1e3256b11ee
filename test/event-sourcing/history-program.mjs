// A process on one SQLite file that is going to be killed. Everything it does goes into a history file.
//   write <name> <clients>    appends and reads at random until it is stopped
//   subscribe <name>          follows the log from its checkpoint, which is a record of the store
import { setImmediate as turn } from 'node:timers/promises';
import { SqliteStore } from '@catga/sqlite';
import { FileHistory, HistoryClient, historyWorkload, identify, SubscriptionRecorder } from '@catga/testing';

const [role, name, path, historyPath, clients] = process.argv.slice(2);
const store = new SqliteStore({ path });
const history = new FileHistory(historyPath);
let stopped = false;
process.once('SIGTERM', () => (stopped = true));

async function write() {
  await Promise.all(
    Array.from({ length: Number(clients) }, (_, index) =>
      historyWorkload(new HistoryClient(store, history, `${name}-${index}`), {
        operations: Number.POSITIVE_INFINITY,
        retries: index % 2 === 0 ? 2 : 0,
        stopped: () => stopped,
      }),
    ),
  );
}

async function subscribe() {
  const recorder = new SubscriptionRecorder(history, name);
  const record = await store.getRecord('checkpoints', name);
  let position = Number(record?.value ?? 0);
  let wake = () => {};
  store.onCommit(() => wake());
  recorder.start(position);
  for (;;) {
    const woken = new Promise((resolve) => (wake = resolve));
    const page = await store.readAll({ after: position, limit: 20 });
    if (page.events.length === 0) {
      if (stopped) return;
      await Promise.race([woken, new Promise((resolve) => setTimeout(resolve, 50))]);
      continue;
    }
    recorder.deliver(page.events.map(identify), page.position);
    position = page.position;
    await store.commit({ records: [{ collection: 'checkpoints', key: name, value: String(position) }] });
    recorder.checkpoint(position);
    await turn();
  }
}

await store.open();
process.stdout.write('ready\n');
await (role === 'write' ? write() : subscribe());
await store.close();
history.close();
