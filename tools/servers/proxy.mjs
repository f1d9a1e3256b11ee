import { connect, createServer } from 'node:net';

/** Starts a TCP proxy that can be cut, healed, stalled and resumed; see `index.d.mts`. */
export async function startProxy({ port: targetPort, host = '127.0.0.1' }) {
  const links = new Set();
  let stalled = false;
  const accept = (client) => {
    const link = new Link(client, connect({ port: targetPort, host, allowHalfOpen: true }), () => links.delete(link));
    links.add(link);
    if (stalled) link.stall();
  };
  let server = await listen(accept, 0);
  const { port } = server.address();
  const proxy = {
    port,
    url(base) {
      const url = new URL(base);
      url.hostname = '127.0.0.1';
      url.port = String(port);
      return url.href;
    },
    async cut() {
      const closed = server && new Promise((resolve) => server.close(resolve));
      server = undefined;
      for (const link of links) link.reset();
      await closed;
    },
    async heal() {
      server ??= await listen(accept, port);
    },
    stall() {
      stalled = true;
      for (const link of links) link.stall();
    },
    resume() {
      stalled = false;
      for (const link of links) link.resume();
    },
    stop: () => proxy.cut(),
  };
  return proxy;
}

function listen(accept, port) {
  const server = createServer({ allowHalfOpen: true }, accept);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server));
  });
}

/** Two sockets, each of which gets what the other one says. */
class Link {
  #ends;
  #stalled = false;
  #onGone;

  constructor(client, server, onGone) {
    this.#ends = [client, server];
    this.#onGone = onGone;
    this.#forward(client, server);
    this.#forward(server, client);
  }

  /** Both ends see a reset, as when a machine on the way has forgotten the connection. */
  reset() {
    this.#stalled = false;
    // A socket that is closing already would never end if it were reset: its handle stays and keeps Node busy.
    for (const end of this.#ends) {
      if (end.writableEnded || end.destroyed) end.destroy();
      else end.resetAndDestroy();
    }
  }

  /** Nothing gets through from now on, not even that the other end is gone. */
  stall() {
    this.#stalled = true;
    for (const end of this.#ends) end.pause();
  }

  resume() {
    this.#stalled = false;
    for (const end of this.#ends) end.resume();
    const [client, server] = this.#ends;
    if (client.readableEnded) server.end();
    if (server.readableEnded) client.end();
    if (this.#ends.some((end) => end.destroyed)) this.#close();
  }

  #forward(from, to) {
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.#stalled) from.resume();
    });
    // A paused socket still tells its end when nothing is left to read.
    from.on('end', () => {
      if (!this.#stalled) to.end();
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      if (!this.#stalled) this.#close();
    });
  }

  #close() {
    for (const end of this.#ends) end.destroy();
    this.#onGone();
  }
}
