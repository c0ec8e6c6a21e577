/**
 * A request without what `fetch` puts around it goes and ends as one by `fetch`: each case is sent by both.
 *
 * @module
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as zlib from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Answer } from '../../../src/http/answer.ts';
import { type Dispatching, dispatched, type Sent } from '../../../src/http/dispatch.ts';
import { send, systemNetwork } from '../../../src/http/send.ts';

const { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } = zlib;
/** Node 20 has none. */
const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: (text: string) => Uint8Array };

type Serve = (response: ServerResponse, request: IncomingMessage, text: string) => void;

async function serverOf(serve: Serve): Promise<URL> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => {
      text += String(piece);
    });
    request.on('end', () => {
      serve(response, request, text);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a/b?c=%20d`);
}

/** The dispatcher that `fetch` uses. */
function inForce(): Dispatching {
  void new Headers();
  const all = globalThis as unknown as Record<symbol, Dispatching | undefined>;
  const [newer, older] = ['2', '1'].map((at) => all[Symbol.for(`undici.globalDispatcher.${at}`)]);
  const found = newer ?? older;
  if (found === undefined) throw new Error('The dispatcher of fetch was not found.');
  return found;
}

interface Given {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly body?: string | null;
}

/** What becomes of a request by either way. */
async function endOf(sending: () => Promise<Answer>): Promise<unknown> {
  try {
    const answer = await sending();
    const { status, ok, headers } = answer;
    const reader = answer.body?.getReader();
    const pieces: Uint8Array[] = [];
    for (;;) {
      const piece = (await reader?.read())?.value;
      if (piece === undefined) break;
      pieces.push(piece);
    }
    const text = Buffer.concat(pieces).toString();
    return { status, ok, kind: headers.get('Content-Type'), two: headers.get('x-two'), text };
  } catch (error) {
    const { name, message, cause } = error as Error;
    const { code, syscall } = Object(cause) as NodeJS.ErrnoException;
    return { name, message, code, syscall };
  }
}

async function byBoth(url: URL, given: Given = {}): Promise<unknown> {
  const { method = 'POST', body = method === 'POST' ? '{"a":1}' : null } = given;
  const { signal = new AbortController().signal } = given;
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/json' });
  for (const [name, value] of Object.entries(given.headers ?? {})) headers.set(name, value);
  const sent = { method, headers, body, redirect: 'manual', signal } as const;
  const ours = await endOf(async () => await dispatched(inForce(), url, sent));
  const fetched = await endOf(async () => await fetch(url, sent));
  expect(ours).toEqual(fetched);
  return ours;
}

describe('RT-2 a request goes and ends as one by fetch', () => {
  test.each([
    { method: 'POST' },
    { method: 'GET' },
    { method: 'DELETE', body: '{}' },
    { method: 'PUT', body: '{}', headers: { 'accept-encoding': 'identity', 'user-agent': 'own' } },
    { method: 'PUT', body: '{}', headers: { 'if-match': '"1"' } },
    { method: 'PUT', body: '{}', headers: { 'if-none-match': '*', 'cache-control': 'no-store' } },
    { method: 'GET', headers: { 'if-modified-since': 'Tue, 01 Dec 2026 00:00:00 GMT' } },
    { method: 'GET', headers: { 'if-range': '"1"', range: 'bytes=0-1' } },
    {
      method: 'DELETE',
      headers: { 'if-unmodified-since': 'Tue, 01 Dec 2026 00:00:00 GMT', pragma: 'own' },
    },
  ])('with the same head and body: $method $headers', async (given) => {
    const heads: unknown[] = [];
    const url = await serverOf((response, { method, url: path, headers }, text) => {
      heads.push({ method, path, text, headers });
      response.end();
    });
    await byBoth(url, given);
    expect(heads).toHaveLength(2);
    expect(heads[0]).toEqual(heads[1]);
  });

  test.each([200, 204, 302, 404, 503])('answered %d', async (status) => {
    const url = await serverOf((response) => {
      response.writeHead(status, {
        'content-type': 'application/json',
        'x-two': ['1', '2'],
        location: '/elsewhere',
      });
      response.end(status === 204 ? undefined : '{}');
    });
    expect(await byBoth(url)).toMatchObject({ status, two: '1, 2' });
    expect(await byBoth(url, { method: 'HEAD' })).toMatchObject({ status, text: '' });
  });

  test.each([204, 205, 304])('answered %d with a body that may not be there', async (status) => {
    const url = await serverOf((response) => {
      const length = status === 205 ? 500_000 : 2;
      // Node's own server would leave the length out.
      response.socket?.write(`HTTP/1.1 ${status} Odd\r\ncontent-length: ${length}\r\n\r\n`);
      if (status === 205) response.socket?.write('x'.repeat(length));
      response.socket?.end();
    });
    expect(await byBoth(url)).toMatchObject({ status, text: '' });
  });

  const LONG = JSON.stringify(Array.from({ length: 50_000 }, (_, at) => at));

  test.each([
    ['gzip', gzipSync(LONG)],
    ['deflate', deflateSync(LONG)],
    ['deflate', deflateRawSync(LONG)],
    ['br', brotliCompressSync(LONG)],
    ['gzip, br', brotliCompressSync(gzipSync(LONG))],
    ['identity', Buffer.from(LONG)],
  ])('answered with a body packed as %s', async (packing, body) => {
    const url = await serverOf((response) => {
      response.writeHead(200, { 'content-encoding': packing });
      response.end(body);
    });
    expect(await byBoth(url)).toMatchObject({ text: LONG });
  });

  test('answered with a body packed as zstd, where Node unpacks that', async () => {
    const url = await serverOf((response) => {
      response.writeHead(200, { 'content-encoding': 'zstd' });
      response.end(zstdCompressSync?.(LONG) ?? 'as it came');
    });
    const sent = { method: 'GET', headers: new Headers(), signal: new AbortController().signal };
    const end = await endOf(async () => await dispatched(inForce(), url, sent));
    expect(end).toMatchObject({ text: zstdCompressSync === undefined ? 'as it came' : LONG });
  });

  test('answered with a body that is not packed as it says', async () => {
    const url = await serverOf((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end('plain text');
    });
    expect(await byBoth(url)).toMatchObject({ message: 'terminated' });
  });

  test('cut off before the answer, and within it', async () => {
    const before = await serverOf((response) => response.socket?.destroy());
    expect(await byBoth(before)).toMatchObject({ code: 'UND_ERR_SOCKET' });
    const within = await serverOf((response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.socket?.destroy());
    });
    expect(await byBoth(within)).toMatchObject({ message: 'terminated', code: 'UND_ERR_SOCKET' });
  });

  test('where nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const url = new URL(`http://127.0.0.1:${port}`);
    expect(await byBoth(url)).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
  });

  test('given up before, while the answer is waited for, and within its body', async () => {
    const reason = new Error('given up');
    const silent = await serverOf(() => undefined);
    const nothing = await byBoth(silent, { signal: AbortSignal.abort(reason) });
    expect(nothing).toMatchObject({ message: 'given up' });
    for (const isWithin of [false, true]) {
      const ours = new AbortController();
      const url = await serverOf((response) => {
        if (isWithin) response.write('{');
        setTimeout(() => {
          ours.abort(reason);
        }, 20);
      });
      const sent = { method: 'POST', headers: new Headers(), body: '{}', signal: ours.signal };
      const end = await endOf(async () => await dispatched(inForce(), url, sent));
      // A body that breaks off has the reason as its cause.
      const message = isWithin ? 'terminated' : 'given up';
      expect(end).toMatchObject({ message });
    }
  });

  test('without a signal, where its end is told by something else', async () => {
    let signalsMade = 0;
    const url = await serverOf((response) => response.end('{}'));
    const sent: Sent = {
      ...{ method: 'POST', headers: new Headers(), body: '{}' },
      redirect: 'manual',
      end: new AbortController().signal,
      get signal() {
        signalsMade += 1;
        return new AbortController().signal;
      },
    };
    expect(await endOf(async () => await send(systemNetwork, url, sent, 'ordinary'))).toMatchObject(
      { status: 200 },
    );
    expect(signalsMade).toBe(0);
  });

  test('on kept connections', async () => {
    const ports = new Set<unknown>();
    const url = await serverOf((response, { socket }) => {
      ports.add(socket.remotePort);
      response.end('{}');
    });
    for (let at = 0; at < 5; at += 1) await byBoth(url);
    expect(ports.size).toBeLessThan(3);
  });
});
