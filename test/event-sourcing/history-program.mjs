// A process on a shared store that is going to be killed. Everything it does goes into a history file.
//   <role> <name> <place, as JSON> <history file> <clients>
//   write <name> <clients>    appends and reads at random until it is stopped
//   subscribe <name>          follows the log from its checkpoint, which is a record of the store
import { EventLog, EventRegistry, StoreUnavailableError } from '@catga/core';
import { FileHistory, HistoryClient, historyWorkload, SubscriptionRecorder } from '@catga/testing';
import { storeAt } from '../support/places.mjs';

const [role, name, place, historyPath, clients] = process.argv.slice(2);
const store = storeAt(JSON.parse(place));
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
  while (!stopped) {
    try {
      await follow();
    } catch (error) {
      // As a user's program would: from its checkpoint on, once the store is back.
      if (!(error instanceof StoreUnavailableError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function follow() {
  const log = new EventLog(store, new EventRegistry(store));
  const recorder = new SubscriptionRecorder(history, name);
  const record = await store.getRecord('checkpoints', name);
  const after = Number(record?.value ?? 0);
  recorder.start(after);
  const subscription = log.subscribe({ after, batchSize: 20, unknown: 'raw' }, async (batch, position) => {
    const seen = batch.map(({ stream, version, position: at, event }) => ({
      stream,
      version,
      position: at,
      id: event.data.id,
    }));
    recorder.deliver(seen, position);
    await store.commit({ records: [{ collection: 'checkpoints', key: name, value: String(position) }] });
    recorder.checkpoint(position);
  });
  let failed = false;
  subscription.closed.catch(() => (failed = true));
  while (!stopped && !failed) await new Promise((resolve) => setTimeout(resolve, 20));
  if (failed) await subscription.closed;
  await subscription.caughtUp();
  await subscription.stop();
}

await store.open();
process.stdout.write('ready\n');
await (role === 'write' ? write() : subscribe());
await store.close();
history.close();
