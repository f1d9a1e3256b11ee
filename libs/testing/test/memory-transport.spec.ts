import { Logger } from '@nestjs/common';
import { MemoryBroker, MemoryTransport, type Transport } from '@catga/core';
import { describeTransportConformance } from '@catga/testing';

// Dead letters are what many of these tests are about.
Logger.overrideLogger(false);

const brokers = new WeakMap<Transport, MemoryBroker>();

async function open(broker: MemoryBroker): Promise<Transport> {
  const transport = new MemoryTransport({ broker });
  brokers.set(transport, broker);
  await transport.open();
  return transport;
}

describeTransportConformance({
  name: 'MemoryTransport',
  create: () => open(new MemoryBroker()),
  second: (first) => open(brokers.get(first) as MemoryBroker),
  kill: (transport) => (transport as MemoryTransport).disconnect(),
  tooLarge: 1_024 * 1_024 + 1,
});
