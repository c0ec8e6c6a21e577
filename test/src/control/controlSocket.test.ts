import { existsSync, statSync } from 'node:fs';
import { connect, Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askOwner } from '../../../src/control/controlClient.ts';
import { ControlServer } from '../../../src/control/controlServer.ts';
import type { ControlRequest } from '../../../src/control/controlSocket.ts';
import { createRuntime, rawKey } from '../../../src/index.ts';
import { VirtualClock } from '../../support/clock/virtualClock.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

function serve(
  answer: (request: ControlRequest) => Promise<unknown> = () => Promise.resolve({ wasHeld: true }),
): { readonly clock: VirtualClock; readonly folder: string; readonly path: string } {
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
  return { clock, folder, path: join(folder, 'control.sock') };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}

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
    seen.push(statSync(String(args[0])).mode & 0o077);
    return server;
  });
  onTestFinished(() => {
    process.umask(mask);
    look.mockRestore();
  });
  const { path, folder } = serve();
  await until(() => seen.length > 0);
  await askOwner(folder, { method: 'release', params: {} });
  seen.push(statSync(path).mode & 0o077);
  expect(seen).toEqual([0, 0]);
  expect(process.umask()).toBe(0);
});

test('SE-5 connections that trickle lock nobody out: a request has to be whole within ten seconds', async () => {
  const { clock, folder, path } = serve();
  await until(() => existsSync(path));
  const ended = { count: 0 };
  const slow = Array.from({ length: 16 }, () => {
    const socket = connect(path);
    socket.on('error', () => undefined);
    socket.on('close', () => (ended.count += 1));
    socket.write('{');
    return socket;
  });
  onTestFinished(() => {
    for (const socket of slow) socket.destroy();
  });
  await sleep(50);
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
  expect(await askOwner(folder, { method: 'release', params: {} })).toEqual({ wasHeld: true });
});

const REASONS = ['a page of the store is damaged'];

test.each([
  ['whose health names a reason', REASONS, /It says of itself: a page of the store is damaged\./],
  ['whose health names none', [], /Ask again later\./],
])(
  'UX-2 a call that the owner does not end, %s, is not blamed on a stopped owner',
  async (_, reasons, says) => {
    const { folder, path } = serve(({ method }) =>
      method === 'health' ? Promise.resolve({ reasons }) : new Promise(() => undefined),
    );
    await until(() => existsSync(path));
    const request = { method: 'release', params: {} } as const;
    const error: unknown = await askOwner(folder, request, 200).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
      message: expect.stringMatching(says) as string,
    });
    expect(String(error)).toMatch(/answers, but has not ended this call.*holdfast doctor --deep/);
    expect(String(error)).not.toContain('stopped');
  },
);

test('UX-2 an owner that answers nothing is stopped, or busy (control)', async () => {
  const { folder, path } = serve(() => new Promise(() => undefined));
  await until(() => existsSync(path));
  const request = { method: 'release', params: {} } as const;
  await expect(askOwner(folder, request, 200)).rejects.toThrow(/does not answer.*stopped, or busy/);
});

test('UX-2 SE-5 a malformed request over the socket is refused by its code, and nothing of it is repeated', async () => {
  const store = tempFolder();
  const runtime = createRuntime({ store, key: rawKey(Buffer.alloc(32, 1)) });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  const path = join(store, 'control.sock');
  await until(() => existsSync(path));
  const canary = '{"canary":';
  const lines: readonly (readonly [line: string, field: string])[] = [
    [canary, 'request'],
    ['null', 'request'],
    ['[]', 'request'],
    ['"health"', 'request'],
    [JSON.stringify({ method: 'canary' }), 'method'],
    [JSON.stringify({ method: { toString: 1 } }), 'request.method'],
    [JSON.stringify({ method: 'health', parms: {} }), 'request.parms'],
    [JSON.stringify({ method: 'operations', params: { afterSeq: '1' } }), 'afterSeq'],
    [JSON.stringify({ method: 'operations', params: { limit: 1e9 } }), 'limit'],
    [JSON.stringify({ method: 'operations', params: null }), 'request.params'],
    [JSON.stringify({ method: 'deadLetters' }), 'params'],
    ...['show', 'replay', 'purge'].map((call) =>
      callLine('deadLetters', call, { toString: 1 }, 'id'),
    ),
    ...['show', 'retry', 'purge'].map((call) => callLine('quarantine', call, ['x'], 'id')),
    callLine('deadLetters', 'constructor', {}, 'call'),
    callLine('deadLetters', 'batch', { action: 'purge', filter: {}, dryrun: true }, 'dryrun'),
    callLine('deadLetters', 'page', { filter: [], order: 'newest' }, 'filter'),
    callLine('deadLetters', 'page', { filter: {}, order: 'newest', fromSeq: -1 }, 'fromSeq'),
    callLine('quarantine', 'page', { fromSeq: { valueOf: 1 } }, 'fromSeq'),
    callLine('quarantine', 'sealed', null, 'options'),
  ];
  for (const [line, field] of lines) {
    const answer: unknown = JSON.parse(await exchange(path, line));
    expect(answer, line).toMatchObject({ ok: false, error: { code: 'HF_OPTION_INVALID', field } });
    if (line === canary) expect(JSON.stringify(answer)).not.toContain('canary');
  }
});

function callLine(
  method: 'deadLetters' | 'quarantine',
  call: string,
  arg: unknown,
  field: string,
): readonly [string, string] {
  return [JSON.stringify({ method, params: { call, args: [arg] } }), field];
}

async function exchange(path: string, line: string): Promise<string> {
  const socket = connect(path);
  socket.end(`${line}\n`);
  return await text(socket);
}
