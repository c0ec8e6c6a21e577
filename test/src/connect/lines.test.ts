/**
 * What clients can do to the owner of a store, and what they meet where it is none of theirs: nothing that one of
 * them sends or leaves unread harms it.
 *
 * @module
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AskName, OwnerPort } from '../../../src/connect/lineProtocol.ts';
import { LineServer } from '../../../src/connect/lineServer.ts';
import { ControlServer } from '../../../src/control/controlServer.ts';
import { connect, type HoldfastError } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const PAYLOAD_BYTES_MAX = 10_000;

interface Frame {
  readonly n: number;
  readonly result?: unknown;
  readonly error?: { readonly code: string };
}

/** A control socket whose desk answers each ask with its parameters, once it is let. */
async function serve(parts: { readonly waits?: Promise<unknown>; readonly answer?: unknown } = {}) {
  const folder = tempFolder();
  const clock = new VirtualClock();
  const asked: AskName[] = [];
  const stopped: AskName[] = [];
  const desk: OwnerPort = {
    ask: (name, params) => {
      asked.push(name);
      const answer = Promise.resolve(parts.waits).then(() => (parts.answer ?? params) as never);
      return {
        answer: name === 'watch' ? new Promise<never>(() => undefined) : answer,
        stop: () => stopped.push(name),
      };
    },
  };
  const lines = new LineServer({
    ...{ clock, desk, payloadBytesMax: PAYLOAD_BYTES_MAX, crisisSocket: null },
  });
  const control = new ControlServer({
    storeFolder: folder,
    clock,
    answer: () => Promise.resolve('called'),
    onUpgrade: (request, socket, head) => {
      lines.take(request, socket, head);
    },
    onError: () => undefined,
  });
  control.open();
  onTestFinished(async () => {
    lines.close();
    await control.close();
  });
  const path = join(folder, 'control.sock');
  await vi.waitFor(async () => {
    const socket = connectSocket(path);
    await once(socket, 'connect');
    socket.destroy();
  }, HANGS_AFTER_MS);
  return { folder, path, clock, asked, stopped, lines, control };
}

const UPGRADE = (protocol = 'holdfast-line/1', path = '/v1/line', more = '') =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n${more}\r\n`;

/** A line that is spoken by hand. */
async function line(path: string, request = UPGRADE()) {
  const socket: Socket = connectSocket(path);
  onTestFinished(() => {
    socket.destroy();
  });
  let said = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  socket.write(request);
  await vi.waitFor(() => expect(said).toContain('\r\n\r\n'), HANGS_AFTER_MS);
  const frames = (): Frame[] =>
    (said.split('\r\n\r\n')[1] ?? '')
      .split('\n')
      .slice(0, -1)
      .map((text) => JSON.parse(text) as Frame);
  return { socket, closed, frames, said: () => said };
}

const ask = (n: number, name: string, params: unknown = { id: 'x' }): string =>
  `${JSON.stringify({ n, ask: name, params })}\n`;

/** What another client is answered. */
async function served(path: string): Promise<readonly Frame[]> {
  const other = await line(path);
  other.socket.write(ask(1, 'view'));
  await vi.waitFor(() => expect(other.frames()).toHaveLength(1), HANGS_AFTER_MS);
  return other.frames();
}

describe('SC-4 SE-5 a client that misbehaves loses its line, and nobody else notices', () => {
  test.each([
    ['no JSON', 'hello\n'],
    ['JSON that is no frame', '42\n'],
    ['a number that is none', `${JSON.stringify({ n: 'x', ask: 'view', params: {} })}\n`],
    ['a number in use', ask(1, 'watch') + ask(1, 'view')],
    ['a frame that is too long', `"${'x'.repeat(1_200_000)}`],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x0a])],
  ])('SC-4 it sends %s', async (_, bytes) => {
    const { path } = await serve();
    const bad = await line(path);
    bad.socket.write(bytes);
    await bad.closed;
    expect(await served(path)).toEqual([{ n: 1, result: { id: 'x' } }]);
  });

  test('SC-4 a frame that trickles in is ended after ten seconds, and one that is whole waits for nothing', async () => {
    const { path, clock } = await serve();
    const [slow, idle] = [await line(path), await line(path)];
    slow.socket.write('{"n":1,');
    await sleep(100);
    await clock.advance(9_000);
    slow.socket.write('"ask"');
    await sleep(100);
    // However steadily it comes.
    await clock.advance(1_001);
    await slow.closed;
    idle.socket.write(ask(1, 'view'));
    await vi.waitFor(() => expect(idle.frames()).toHaveLength(1), HANGS_AFTER_MS);
  });

  test('SC-4 OP-6 what it asks beyond the bound waits in its own connection, and goes on when there is room', async () => {
    let go = (): void => undefined;
    const waits = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { path, asked } = await serve({ waits });
    const busy = await line(path);
    for (let n = 1; n <= 20_000; n += 1) busy.socket.write(ask(n, 'view', { id: 'x'.repeat(200) }));
    await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(1_024), HANGS_AFTER_MS);
    await sleep(100);
    expect(asked.length).toBeLessThan(3_000);
    go();
    await vi.waitFor(() => expect(busy.frames()).toHaveLength(20_000), { timeout: HANGS_AFTER_MS });
  });

  test('SC-4 OP-6 one that reads nothing is asked no more, and let go before it costs much', async () => {
    const { path, asked } = await serve({ answer: 'x'.repeat(100_000) });
    const deaf = await line(path);
    deaf.socket.pause();
    for (let n = 1; n <= 2_000; n += 1) deaf.socket.write(ask(n, 'view'));
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(0), HANGS_AFTER_MS);
    expect((await served(path))[0]?.result).toBe('x'.repeat(100_000));
    // 1,024 at once, of which so many fit; the rest is never asked, or the line is at its end.
    expect(asked.length).toBeLessThan(1_500);
  });

  test('SC-4 OP-6 what comes all at once is read by one that reads, and one that does not is let go', async () => {
    let go = (): void => undefined;
    const waits = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { path, clock } = await serve({ waits, answer: 'x'.repeat(250_000) });
    const [reads, deaf] = [await line(path), await line(path)];
    deaf.socket.pause();
    const asks = Array.from({ length: 100 }, (_, n) => ask(n, 'outcome')).join('');
    reads.socket.write(asks);
    deaf.socket.write(asks);
    await sleep(200);
    go();
    await vi.waitFor(() => expect(reads.frames()).toHaveLength(100), { timeout: HANGS_AFTER_MS });
    await clock.advance(10_001);
    deaf.socket.resume();
    await deaf.closed;
    expect(deaf.frames().length).toBeLessThan(100);
  });

  test('SC-4 what it follows is left when it goes, or says so', async () => {
    const { path, stopped } = await serve();
    const follower = await line(path);
    follower.socket.write(ask(1, 'watch') + ask(2, 'watch'));
    follower.socket.write(`${JSON.stringify({ n: 1, stop: true })}\n`);
    await vi.waitFor(() => expect(stopped).toEqual(['watch']), HANGS_AFTER_MS);
    follower.socket.destroy();
    await vi.waitFor(() => expect(stopped).toEqual(['watch', 'watch']), HANGS_AFTER_MS);
  });

  test('SC-4 there are 128 lines, and management calls beside them', async () => {
    const { path } = await serve();
    const all = [];
    for (let count = 0; count < 128; count += 1) all.push(await line(path));
    const more = await line(path);
    expect(more.said()).toContain('503');
    expect(more.said()).toContain('HF_STORE_UNAVAILABLE');
    const call = connectSocket(path);
    call.end('POST /v1/health HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
    const [said] = (await once(call, 'data')) as [Buffer];
    expect(said.toString()).toContain('200 OK');
    all[0]?.socket.destroy();
    await vi.waitFor(
      async () => expect((await line(path)).said()).toContain('101'),
      HANGS_AFTER_MS,
    );
  });

  test('SC-4 one that is refused and stays is ended', async () => {
    const { path, clock } = await serve();
    const refused = connectSocket({ path, allowHalfOpen: true });
    const failed = once(refused, 'error');
    refused.write(UPGRADE('holdfast-line/2'));
    await once(refused, 'data');
    await clock.advance(10_001);
    const staying = setInterval(() => refused.write('x'), 10);
    onTestFinished(() => {
      clearInterval(staying);
    });
    expect(await failed).toMatchObject([{ code: 'EPIPE' }]);
  });

  test('SC-4 SE-5 no page in a browser gets a line, nor is there one at another path', async () => {
    const { path } = await serve();
    const page = await line(path, UPGRADE(undefined, undefined, 'origin: https://x.example\r\n'));
    expect(page.said()).toContain('404');
    expect((await line(path, UPGRADE('websocket', '/'))).said()).toContain('404');
  });
});

describe('SC-4 UX-2 an owner that a client can not ask says why', () => {
  async function whyGone(folder: string): Promise<{ told: string[]; error: HoldfastError }> {
    const told: string[] = [];
    const client = await connect({
      store: folder,
      ownerWithinMs: 300,
      onError: (error) => told.push((error as Error).message),
    });
    const error = await client.health().catch((failed: unknown) => failed);
    await client.close();
    return { told, error: error as HoldfastError };
  }

  async function listening(server: Server): Promise<string> {
    const folder = tempFolder();
    await new Promise<void>((done) => server.listen(join(folder, 'control.sock'), done));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return folder;
  }

  test('SC-4 UX-2 one that speaks another version of the line', async () => {
    const { path } = await serve();
    expect((await line(path, UPGRADE('holdfast-line/2'))).said()).toContain('426');
    const later = createServer();
    later.on('upgrade', (_, socket) => {
      const error = {
        code: 'HF_STORE_UNAVAILABLE',
        message: 'It speaks holdfast-line/9.',
        retry: 'later',
      };
      const body = JSON.stringify({ error });
      socket.end(`HTTP/1.1 426 Upgrade Required\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    const { told, error } = await whyGone(await listening(later));
    expect(told).toEqual(['It speaks holdfast-line/9.']);
    expect(error).toMatchObject({ code: 'HF_OWNER_GONE' });
    expect(error.message).toContain('It speaks holdfast-line/9.');
  });

  test('SC-4 UX-2 one from before there were lines, and what is none of ours', async () => {
    const earlier = createServer((_, response) => {
      const error = { code: 'HF_OPTION_INVALID', message: 'call is none', retry: 'never' };
      response.writeHead(400).end(JSON.stringify({ error }));
    });
    const { error } = await whyGone(await listening(earlier));
    expect(error.message).toContain('of a version of holdfast that has no clients');
    const foreign = createServer((_, response) => response.end('<html>'));
    expect((await whyGone(await listening(foreign))).error.message).toContain('no clients');
  });
});
