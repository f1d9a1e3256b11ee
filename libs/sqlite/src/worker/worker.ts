/** Entry of both worker threads; which one it is comes with the settings. */
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import type { ReadRequest, WorkerSettings, WriterReply, WriterRequest } from './protocol.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

const port = parentPort as MessagePort;
const settings = workerData as WorkerSettings;

/** Everything that has arrived by now: what waits together is committed together. */
function received<T>(first: T): T[] {
  const messages = [first];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    messages.push((next as { message: T }).message);
  }
  return messages;
}

function runWriter(): void {
  const writer = new Writer(settings);
  const answer = (request: Exclude<WriterRequest, { kind: 'commits' }>): WriterReply => {
    const { kind } = request;
    if (kind === 'close') {
      writer.close();
      return { kind };
    }
    const fault = kind === 'open' ? writer.open() : kind === 'ping' ? writer.ping() : writer.check();
    return { kind, foreign: writer.takeForeign(), ...(fault === undefined ? undefined : { fault }) };
  };
  port.on('message', (first: WriterRequest) => {
    let waiting: (WriterRequest & { kind: 'commits' })[] = [];
    const flush = (): void => {
      if (waiting.length > 0) for (const reply of writer.commit(waiting)) port.postMessage(reply);
      waiting = [];
    };
    for (const request of received(first)) {
      if (request.kind === 'commits') {
        waiting.push(request);
      } else {
        flush();
        port.postMessage(answer(request));
      }
    }
    flush();
  });
}

function runReader(): void {
  const reader = new Reader(settings, (replies) => port.postMessage(replies));
  port.on('message', (request: readonly ReadRequest[] | 'close') => {
    if (request !== 'close') return reader.answer(request);
    reader.close();
    port.postMessage(request);
  });
}

if (settings.role === 'writer') runWriter();
else runReader();
