import assert from 'node:assert/strict';
import { Gate, pause } from './build.js';
import type { Suite } from './suite.js';

/** Requests and replies. */
export function requestTests({ it, transport, another, unique, options }: Suite): void {
  it('brings a request to the node that answers and its reply back', async () => {
    const subject = unique('s');
    const node = await another();
    await node.respond(subject, async ({ id, body, headers, attempt, key }) => ({
      headers: { from: 'there', asked: headers['question'] ?? '' },
      body: `${id} ${String(body)} ${attempt} ${key}`,
    }));
    const request = { id: 'r1', subject, key: 'k', headers: { question: 'ä?' }, body: 'hello' };
    const reply = await transport().request(request);
    assert.deepEqual({ ...reply.headers }, { from: 'there', asked: 'ä?' });
    assert.equal(reply.body, 'r1 hello 1 k');
  });

  it('brings texts, bytes and empty bodies both ways', async () => {
    const subject = unique('s');
    await transport().respond(subject, async ({ body }) => ({ body }));
    const bodies = ['', 'text', 'ä→😀\n\0', new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, index) => index)];
    for (const body of bodies) {
      const reply = await transport().request({ id: unique('r'), subject, body });
      if (typeof body === 'string') assert.equal(reply.body, body);
      else {
        assert.ok(reply.body instanceof Uint8Array, 'bytes came back as text');
        assert.deepEqual([...reply.body], [...body]);
      }
    }
  });

  it('answers many requests at once, each with its own reply', async () => {
    const subject = unique('s');
    await (
      await another()
    ).respond(subject, async ({ body }) => {
      await pause(Math.random() * 10);
      return { body: `re: ${String(body)}` };
    });
    const asked = Array.from({ length: 300 }, (_, index) => `${index}`);
    const replies = await Promise.all(asked.map((body) => transport().request({ id: unique('r'), subject, body })));
    assert.deepEqual(
      replies.map(({ body }) => body),
      asked.map((body) => `re: ${body}`),
    );
  });

  it('says at once that nobody answers', async () => {
    const subject = unique('s');
    const began = performance.now();
    const request = transport().request({ id: unique('r'), subject, body: '' }, { timeout: 20_000 });
    await assert.rejects(request, { code: 'CATGA_NO_RESPONDER', subject });
    assert.ok(performance.now() - began < 3_000, 'it waited');
    const responder = await transport().respond(subject, async () => ({ body: '' }));
    await transport().request({ id: unique('r'), subject, body: '' });
    await responder.stop();
    await assert.rejects(transport().request({ id: unique('r'), subject, body: '' }), { code: 'CATGA_NO_RESPONDER' });
  });

  it('gives up after the time-out, and the late reply harms nobody', async () => {
    const subject = unique('s');
    const gate = new Gate();
    await (
      await another()
    ).respond(subject, async ({ body }) => {
      if (body === 'slow') await gate.pass();
      return { body };
    });
    const late = transport().request({ id: unique('r'), subject, body: 'slow' }, { timeout: 150 });
    await assert.rejects(late, { code: 'CATGA_REQUEST_TIMEOUT', timeout: 150, subject });
    gate.release();
    assert.equal((await transport().request({ id: unique('r'), subject, body: 'next' })).body, 'next');
  });

  it('gives up when the caller aborts', async () => {
    const subject = unique('s');
    const gate = new Gate();
    await transport().respond(subject, async ({ body }) => {
      await gate.pass();
      return { body };
    });
    const abort = new AbortController();
    const reason = new Error('changed my mind');
    const request = transport().request({ id: unique('r'), subject, body: '' }, { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 50);
    await assert.rejects(request, (error) => error === reason);
    gate.release();
    const early = transport().request({ id: unique('r'), subject, body: '' }, { signal: abort.signal });
    await assert.rejects(early, (error) => error === reason);
  });

  it('tells the caller at once that a responder threw', async () => {
    const subject = unique('s');
    await (
      await another()
    ).respond(subject, async () => {
      throw new Error('out of paper');
    });
    const began = performance.now();
    const request = transport().request({ id: unique('r'), subject, body: '' }, { timeout: 20_000 });
    await assert.rejects(request, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'CATGA_REQUEST_FAILED');
      return /out of paper/.test(error.message);
    });
    assert.ok(performance.now() - began < 10_000);
  });

  it('shares requests among responders', async () => {
    const subject = unique('s');
    const node = await another();
    await transport().respond(subject, async () => ({ body: 'here' }));
    await node.respond(subject, async () => ({ body: 'there' }));
    const asked = Array.from({ length: 200 }, () => transport().request({ id: unique('r'), subject, body: '' }));
    const answers = new Set((await Promise.all(asked)).map(({ body }) => body));
    assert.deepEqual(answers, new Set(['here', 'there']));
  });

  it('finishes requests under way when a responder stops, and sends new ones to the others', async () => {
    const subject = unique('s');
    const node = await another();
    const gate = new Gate();
    const responder = await node.respond(subject, async () => {
      await gate.pass();
      return { body: 'old' };
    });
    const first = transport().request({ id: unique('r'), subject, body: '' });
    while (gate.waiting === 0) await pause(5);
    const stopping = responder.stop();
    await transport().respond(subject, async () => ({ body: 'new' }));
    await pause(50);
    const rest = Array.from({ length: 20 }, () => transport().request({ id: unique('r'), subject, body: '' }));
    assert.deepEqual([...new Set((await Promise.all(rest)).map(({ body }) => body))], ['new']);
    gate.release();
    await stopping;
    assert.equal((await first).body, 'old');
  });

  it('refuses a reply that is too large at the responder, and says so to the caller', async () => {
    const subject = unique('s');
    const large = new Uint8Array(options.tooLarge);
    await (await another()).respond(subject, async () => ({ body: large }));
    const request = transport().request({ id: unique('r'), subject, body: '' }, { timeout: 15_000 });
    await assert.rejects(request, { code: 'CATGA_REQUEST_FAILED' });
  });
}
