import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { connect, createServer, Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { askOwner, ownersCalls } from '../../../src/control/controlClient.ts';
import { type AnswerCall, ControlServer } from '../../../src/control/controlServer.ts';
import { controlSocketPath } from '../../../src/control/controlSocket.ts';
import { createRuntime, rawKey } from '../../../src/index.ts';
import { replayDeadLetter } from '../../../src/management/deadLetters.ts';
import { health, releaseStore } from '../../../src/management/store.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const RELEASED = { result: { wasHeld: true } };

interface Served {
  readonly clock: VirtualClock;
  readonly folder: string;
  readonly path: string;
  readonly server: ControlServer;
}

async function serve(answer: AnswerCall = () => Promise.resolve(RELEASED.result)): Promise<Served> {
  const clock = new VirtualClock();
  const folder = tempFolder();
  const server = new ControlServer({
    storeFolder: folder,
    clock,
    answer,
    onError: () => undefined,
  });
  server.open();
  onTestFinished(() => server.close());
  const path = join(folder, 'control.sock');
  await until(() => existsSync(path));
  return { clock, folder, path, server };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}

/** A connection that asks for nothing. */
async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes as they are and gives all that comes back. */
async function raw(path: string, bytes: string): Promise<string> {
  const socket = connect(path);
  socket.on('error', () => undefined);
  socket.write(bytes);
  return await text(socket);
}

function post(call: string, body: string, method = 'POST'): string {
  return [
    `${method} ${call} HTTP/1.1`,
    'host: localhost',
    `content-length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

interface Answered {
  readonly status: number;
  readonly body: { readonly result?: unknown; readonly error?: { readonly code: string } };
}

async function send(path: string, bytes: string): Promise<Answered> {
  const said = await raw(path, bytes);
  return {
    status: Number(said.split(' ')[1]),
    body: JSON.parse(said.slice(said.indexOf('\r\n\r\n'))) as Answered['body'],
  };
}

describe('SE-5 who may ask, and how much of the owner that takes', () => {
  test('SE-5 the control socket is never open to others, whatever the mask of the process', async () => {
    const mask = process.umask(0);
    const seen: number[] = [];
    const listen: unknown = Reflect.get(Server.prototype, 'listen');
    const look = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (
      this: Server,
      ...args: unknown[]
    ) {
      const server = Reflect.apply(listen as Server['listen'], this, args);
      // It is bound by now, and nothing else has run.
      seen.push(statSync(String(Reflect.get(Object(args[0]), 'path'))).mode & 0o077);
      return server;
    });
    onTestFinished(() => {
      process.umask(mask);
      look.mockRestore();
    });
    const { path, folder } = await serve();
    await askOwner(folder, releaseStore, {});
    seen.push(statSync(path).mode & 0o077);
    expect(seen).toEqual([0, 0]);
    expect(process.umask()).toBe(0);
  });

  test.each([
    ['its head', 'POST /v1/health HTTP/1.1\r\nx: '],
    ['its body', 'POST /v1/health HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{'],
  ])(
    'SE-5 connections that trickle %s lock nobody out: a request has to be whole within ten seconds',
    async (_, begin) => {
      const { clock, folder, path } = await serve();
      const ended = { count: 0 };
      const slow = Array.from({ length: 16 }, () => {
        const socket = connect(path);
        socket.on('error', () => undefined);
        socket.on('close', () => (ended.count += 1));
        socket.write(begin);
        return socket;
      });
      onTestFinished(() => {
        for (const socket of slow) socket.destroy();
      });
      await sleep(300);
      // All places are taken, and each has sent something just now.
      for (let second = 0; second < 9; second += 3) {
        await clock.advance(3_000);
        for (const socket of slow) socket.write(' ');
      }
      expect(ended.count).toBe(0);
      await clock.advance(1_001);
      // Long before they would be ended for being idle.
      for (let wait = 0; wait < 100 && ended.count < slow.length; wait += 1) await sleep(20);
      expect(ended.count).toBe(slow.length);
      expect(await askOwner(folder, releaseStore, {})).toEqual(RELEASED);
    },
  );

  test('SE-5 a body that is too large is refused, and nothing of it reaches a call', async () => {
    const calls: unknown[] = [];
    const { folder, path } = await serve((name, params) => {
      calls.push(params);
      return Promise.resolve(name);
    });
    const large = 'x'.repeat(4 * 1_048_576);
    const { status, body } = await send(path, post('/v1/store.release', JSON.stringify({ large })));
    expect([status, body.error?.code]).toEqual([413, 'HF_OPTION_INVALID']);
    const asked = askOwner(folder, replayDeadLetter, { id: 'x', payload: large });
    await expect(asked).rejects.toMatchObject({ code: 'HF_OPTION_INVALID', field: 'body' });
    expect(calls).toEqual([]);
    // Control: one that just fits is let through.
    const fits = { id: 'x', payload: large.slice(100) };
    expect(await askOwner(folder, replayDeadLetter, fits)).toMatchObject({
      result: 'deadLetter.replay',
    });
  });

  test('SE-5 many at once are answered, and more than there are places for are told to come again', async () => {
    const { folder, path } = await serve(async (name) => {
      await sleep(5);
      return name;
    });
    const ask = (): ReturnType<typeof askOwner> => askOwner(folder, releaseStore, {});
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(Array.from({ length: 16 }, ask));
      expect(answers.every((answer) => answer?.result === 'store.release')).toBe(true);
    }
    const crowd = await Promise.allSettled(Array.from({ length: 100 }, ask));
    const answered = crowd.filter(({ status }) => status === 'fulfilled');
    expect(answered.length).toBeGreaterThan(0);
    for (const one of crowd) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ retry: 'later' });
    }
    expect(await ask()).toEqual({ result: 'store.release' });
    // Whoever comes while all places are taken, none of which has been asked for anything yet.
    const idle = await Promise.all(Array.from({ length: 16 }, () => connected(path)));
    expect(await send(path, post('/v1/store.release', '{}'))).toMatchObject({
      status: 503,
      body: { error: { code: 'HF_STORE_UNAVAILABLE', retry: 'later' } },
    });
    const large = { id: 'x', payload: 'x'.repeat(1_048_576) };
    await expect(askOwner(folder, replayDeadLetter, large)).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
      retry: 'later',
    });
    idle[0]?.destroy();
    await sleep(50);
    expect(await ask()).toEqual({ result: 'store.release' });
  });

  test('SE-5 one connection makes one call', async () => {
    const calls: string[] = [];
    const { path } = await serve((name) => {
      calls.push(name);
      return Promise.resolve(null);
    });
    const said = await raw(path, post('/v1/health', '{}').repeat(3));
    expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(calls).toEqual(['health']);
  });
});

describe('UX-2 what is answered to what can not be done', () => {
  test('UX-2 SE-5 a request that is wrong is refused by its code and status, and nothing of it is repeated', async () => {
    const store = tempFolder();
    const runtime = createRuntime({ store, key: rawKey(Buffer.alloc(32, 1)) });
    onTestFinished(() => runtime.close());
    await runtime.ready;
    const path = join(store, 'control.sock');
    await until(() => existsSync(path));
    const call = (name: string, params: unknown, field: string, status = 400) =>
      [post(`/v1/${name}`, JSON.stringify(params)), field, status] as const;
    const canary = 'canary-7f3a';
    const requests = [
      [post('/v1/health', `{"${canary}":`), 'body', 400],
      [post('/v1/health', '{}', 'GET'), 'method', 405],
      [post('/v1/health', '{}', 'DELETE'), 'method', 405],
      [post(`/v2/${canary}`, '{}'), 'path', 404],
      [post('/', '{}'), 'path', 404],
      [post('//', '{}'), 'path', 404],
      [post(`http://${canary}:x/`, '{}'), 'path', 404],
      call(canary, {}, 'call'),
      call('constructor', {}, 'call'),
      call('store.backup', { path: canary }, 'call'),
      call('health', null, 'params'),
      call('health', [canary], 'params'),
      call('health', canary, 'params'),
      call('health', { parms: canary }, 'parms'),
      call('operation.list', { afterSeq: canary }, 'afterSeq'),
      call('operation.list', { limit: 1e9 }, 'limit'),
      ...['show', 'replay', 'purge'].map((one) =>
        call(`deadLetter.${one}`, { id: { toString: canary } }, 'id'),
      ),
      ...['show', 'retry', 'purge'].map((one) => call(`quarantine.${one}`, { id: [canary] }, 'id')),
      call('deadLetter.purge', {}, 'id'),
      call('deadLetter.purgeBatch', { filter: {}, dryrun: true }, 'dryrun'),
      call('deadLetter.replayBatch', { filter: { typ: canary } }, 'filter.typ'),
      call('deadLetter.page', { filter: [], order: 'newest' }, 'filter'),
      call('deadLetter.page', { filter: {}, order: canary }, 'order'),
      call('deadLetter.page', { filter: {}, order: 'newest', fromSeq: -1 }, 'fromSeq'),
      call('deadLetter.page', { filter: { code: canary }, order: 'newest' }, 'filter.code'),
      call('quarantine.page', { fromSeq: { valueOf: canary } }, 'fromSeq'),
      call('quarantine.sealed', {}, 'fromSeq'),
      call('breaker.forceOpen', { upstream: 'default' }, 'reason'),
      call('breaker.forceOpen', { upstream: canary, reason: canary }, 'upstream', 404),
    ] as const;
    for (const [bytes, field, status] of requests) {
      const answered = await send(path, bytes);
      expect(answered, bytes).toMatchObject({ status, body: { error: { field } } });
      expect(JSON.stringify(answered.body)).not.toContain(canary);
    }
    expect(runtime.upstream('default').breaker).toBe('closed');
    // Control: the same way what is right is answered.
    expect(await send(path, post('/v1/health', ''))).toMatchObject({
      status: 200,
      body: { result: { overall: 'healthy' } },
    });
  });

  test('UX-2 what is no HTTP is told so, in the form of the client that sent it', async () => {
    const { path } = await serve();
    const [status, , answer] = [
      ...(await raw(path, 'canary\r\n\r\n')).split('\r\n').values(),
    ].filter((line) => !line.includes(':') || line.startsWith('{'));
    expect(status).toBe('HTTP/1.1 400 Bad Request');
    expect(JSON.parse(answer ?? '')).toMatchObject({ error: { code: 'HF_OPTION_INVALID' } });
    expect(answer).not.toContain('canary');
    // The command line of version 0.1.0 before HTTP: one line of JSON each way.
    const line = await raw(path, `${JSON.stringify({ method: 'health', params: {} })}\n`);
    expect(JSON.parse(line)).toMatchObject({
      ok: false,
      error: { code: 'HF_OPTION_INVALID', message: expect.stringContaining('HTTP') as string },
    });
  });

  test('UX-2 an owner that is not asked by HTTP is named, and not taken for none', async () => {
    const folder = tempFolder();
    const owner = createServer({ allowHalfOpen: true }, (socket) => {
      socket.once('data', () => socket.end('{"ok":false,"error":{"code":"HF_OPTION_INVALID"}}\n'));
    });
    await new Promise<void>((resolve) => owner.listen(join(folder, 'control.sock'), resolve));
    onTestFinished(() => {
      owner.close();
    });
    await expect(askOwner(folder, health, {})).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
      message: expect.stringContaining('of a version of holdfast that this command') as string,
    });
  });

  test('UX-2 an owner that ends in the middle of a call is told from one that refuses it', async () => {
    const { folder, server } = await serve(() => new Promise(() => undefined));
    const asked = ownersCalls(folder).call(releaseStore, {});
    await sleep(50);
    await server.close();
    await expect(asked).rejects.toThrow(/has gone. Run the command again/);
    expect(await askOwner(folder, releaseStore, {})).toBeNull();
  });

  test('UX-2 a folder whose path is too long for a socket has none, and nobody waits for it', async () => {
    const folder = join(tempFolder(), 'a'.repeat(100));
    expect(controlSocketPath(folder)).toBeNull();
    const errors: unknown[] = [];
    const server = new ControlServer({
      storeFolder: folder,
      clock: new VirtualClock(),
      answer: () => Promise.resolve(null),
      onError: (error) => errors.push(error),
    });
    server.open();
    await server.close();
    expect(errors).toEqual([]);
    expect(await askOwner(folder, health, {})).toBeNull();
  });

  const REASONS = ['a page of the store is damaged'];

  test.each([
    ['whose health names a reason', REASONS, /It says of itself: a page of the store is damaged\./],
    ['whose health names none', [], /Ask again later\./],
  ])(
    'UX-2 a call that the owner does not end, %s, is not blamed on a stopped owner',
    async (_, reasons, says) => {
      const { folder } = await serve((name) =>
        name === 'health' ? Promise.resolve({ reasons }) : new Promise(() => undefined),
      );
      const error: unknown = await askOwner(folder, releaseStore, {}, 200).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({
        code: 'HF_STORE_UNAVAILABLE',
        message: expect.stringMatching(says) as string,
      });
      expect(String(error)).toMatch(/answers, but has not ended this call.*holdfast doctor --deep/);
      expect(String(error)).not.toContain('stopped');
    },
  );

  test('UX-2 an owner that answers nothing is stopped, or busy (control)', async () => {
    const { folder } = await serve(() => new Promise(() => undefined));
    await expect(askOwner(folder, releaseStore, {}, 200)).rejects.toThrow(
      /does not answer.*stopped, or busy/,
    );
  });
});

test('UX-1 what curl sends, with its form content type, makes a call on the control socket', async () => {
  const { path } = await serve((name, params) => Promise.resolve({ name, params }));
  const socket = connect(path);
  socket.write(
    [
      'POST /v1/deadLetter.show HTTP/1.1',
      'Host: localhost',
      'User-Agent: curl/8.5.0',
      'Accept: */*',
      'Content-Length: 10',
      'Content-Type: application/x-www-form-urlencoded',
      '',
      '{"id":"x"}',
    ].join('\r\n'),
  );
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  expect(JSON.parse(body)).toEqual({
    result: { name: 'deadLetter.show', params: { id: 'x' } },
  });
});
