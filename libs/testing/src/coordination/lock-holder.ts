import assert from 'node:assert/strict';
import { DistributedLock, isCatgaError, type Lock, type LockBackend } from '@catga/core';
import { eventually, sleep, type CoordinationSuite } from './suite.js';

/** Longer than any test: whoever gets such a lock was woken up, and did not wait for the lease to end. */
const LONG = '10m';

/** What holders of a lock see. */
export function lockHolderTests({ it, one, two }: CoordinationSuite<LockBackend>): void {
  it('lets many of two nodes in one at a time, and all of them', async () => {
    const locks = (await two()).map((backend) => new DistributedLock(backend));
    const tokens: number[] = [];
    let inside = 0;
    const work = async (index: number): Promise<void> => {
      const lock = locks[index % 2] as DistributedLock;
      await lock.withLock('x', { ttl: LONG, wait: 'forever' }, async ({ token }) => {
        inside++;
        assert.equal(inside, 1);
        tokens.push(token);
        await sleep(index % 3);
        inside--;
      });
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => work(index)));
    assert.equal(tokens.length, 40);
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].sort((left, right) => left - right),
    );
  });

  it('renews for as long as the holder lives', async () => {
    const [a, b] = (await two()).map((backend) => new DistributedLock(backend)) as [DistributedLock, DistributedLock];
    const held = await a.acquire('x', { ttl: 1_500 });
    await sleep(2_500);
    assert.ok(held.isHeld && !held.signal.aborted);
    await assert.rejects(b.acquire('x', { wait: 0 }), { code: 'CATGA_LOCK_TIMEOUT' });
    await held.release();
    await (await b.acquire('x', { wait: 0 })).release();
  });

  it('ends the wait after its time, on the node of the holder and on another, and leaves no place behind', async () => {
    const [a, b] = (await two()).map((backend) => new DistributedLock(backend)) as [DistributedLock, DistributedLock];
    const held = await a.acquire('x', { ttl: LONG });
    for (const lock of [a, b]) {
      await assert.rejects(lock.acquire('x', { wait: 50 }), { code: 'CATGA_LOCK_TIMEOUT', kind: 'infrastructure' });
      await assert.rejects(lock.acquire('x', { wait: 0 }), { code: 'CATGA_LOCK_TIMEOUT' });
    }
    await held.release();
    await (await b.acquire('x', { ttl: LONG, wait: 0 })).release();
  });

  it('ends the wait when the signal is aborted, and leaves no place behind', async () => {
    const [a, b] = (await two()).map((backend) => new DistributedLock(backend)) as [DistributedLock, DistributedLock];
    const held = await a.acquire('x', { ttl: LONG });
    const reason = new Error('enough');
    for (const lock of [a, b]) {
      const caller = new AbortController();
      const waiting = lock.acquire('x', { wait: 'forever', signal: caller.signal });
      await sleep(50);
      caller.abort(reason);
      await assert.rejects(waiting, (error) => error === reason);
      await assert.rejects(lock.acquire('x', { signal: caller.signal }), (error) => error === reason);
    }
    await held.release();
    await (await b.acquire('x', { ttl: LONG, wait: 0 })).release();
  });

  it('aborts the signal in time when it cannot renew, and lets others in', async () => {
    const [a, b] = await two();
    let isAway = false;
    const cutOff = backed(a, {
      renew: (...args) => (isAway ? Promise.reject(new Error('away')) : a.renew(...args)),
      release: (...args) => (isAway ? Promise.reject(new Error('away')) : a.release(...args)),
    });
    const locks = new DistributedLock(cutOff);
    const other = new DistributedLock(b);
    const held = await locks.acquire('x', { ttl: 500 });
    isAway = true;
    let heldByOthers = false;
    const next = other.acquire('x', { wait: 'forever' }).then((lock) => {
      heldByOthers = true;
      return lock;
    });
    await new Promise((resolve) => held.signal.addEventListener('abort', resolve, { once: true }));
    assert.equal(heldByOthers, false);
    assert.ok(isCatgaError(held.signal.reason, 'CATGA_LOCK_LOST'));
    assert.equal(held.isHeld, false);
    assert.throws(() => held.assertHeld(), { code: 'CATGA_LOCK_LOST' });
    assert.ok((await next).token > held.token);
    // What has ended is not ended again: this must not free the lock of the other.
    await held.release();
    await assert.rejects(other.acquire('x', { wait: 0 }), { code: 'CATGA_LOCK_TIMEOUT' });
    await (await next).release();
    // The next one on this node does not stand behind the lost one.
    isAway = false;
    await (await locks.acquire('x', { wait: 0 })).release();
  });

  it('says at once that another has it, when a renewal finds out', async () => {
    const backend = await one();
    const owners: string[] = [];
    const spied = backed(backend, { take: (request) => (owners.push(request.owner), backend.take(request)) });
    const held = await new DistributedLock(spied).acquire('x', { ttl: 600 });
    await backend.release('x', owners[0] as string);
    const taken = await backend.take({ name: 'x', owner: 'other', ttl: 60_000, queue: false });
    assert.ok(taken.isGranted && taken.token > held.token);
    await eventually(() => held.signal.aborted);
    assert.match((held.signal.reason as Error).message, /somebody else has it/);
  });

  it('gives the result of the function, or its error, and releases in both cases', async () => {
    const locks = new DistributedLock(await one());
    assert.equal(await locks.withLock('x', { ttl: LONG, wait: 0 }, () => 7), 7);
    const failure = new Error('of the function');
    const failing = (): Promise<never> => Promise.reject(failure);
    await assert.rejects(locks.withLock('x', { ttl: LONG, wait: 0 }, failing), (error) => error === failure);
    const last = await locks.acquire('x', { ttl: LONG, wait: 0 });
    await last[Symbol.asyncDispose]();
    await (await locks.acquire('x', { ttl: LONG, wait: 0 })).release();
  });

  it('does not say that all is well when the lock was lost under the function', async () => {
    const backend = await one();
    const never = backed(backend, { renew: () => Promise.reject(new Error('away')) });
    const work = async (lock: Lock): Promise<string> => {
      await new Promise((resolve) => lock.signal.addEventListener('abort', resolve, { once: true }));
      return 'done';
    };
    await assert.rejects(new DistributedLock(never).withLock('x', { ttl: 100 }, work), { code: 'CATGA_LOCK_LOST' });
  });

  it('releases what is held when the application ends', async () => {
    const [a, b] = (await two()).map((backend) => new DistributedLock(backend)) as [DistributedLock, DistributedLock];
    await Promise.all(['x', 'y', 'z'].map((name) => a.acquire(name, { ttl: LONG })));
    await a.releaseAll();
    for (const name of ['x', 'y', 'z']) await (await b.acquire(name, { wait: 0 })).release();
  });
}

/** The backend with some methods replaced. */
function backed(backend: LockBackend, methods: Partial<LockBackend>): LockBackend {
  return {
    name: backend.name,
    take: (request) => backend.take(request),
    renew: (name, owner, ttl) => backend.renew(name, owner, ttl),
    release: (name, owner) => backend.release(name, owner),
    onRelease: (name, listener) => backend.onRelease(name, listener),
    ...methods,
  };
}
