/**
 * A real HTTP server on 127.0.0.1 that stops by itself, after a time and after a number of requests.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../actors/platform/systemClock.ts';

export interface LoopbackOptions {
  /** Port. Default: a free one. */
  readonly port?: number | undefined;
  /** Lifetime in milliseconds of real time. Default 10 min. */
  readonly lifeMs?: number | undefined;
  /** Limit on requests. Default 1,000,000. */
  readonly requestsMax?: number | undefined;
}

/** Request handler of a server. Paths that begin with `/_` are for the test itself and don't count as requests. */
export interface LoopbackDesk {
  readonly serve: (
    request: IncomingMessage,
    url: URL,
    response: ServerResponse,
  ) => Promise<void> | void;
  readonly control: (request: IncomingMessage, url: URL, response: ServerResponse) => void;
}

export interface LoopbackServer {
  /** Base URL: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Resolves once the server is closed, also if it stopped by itself. */
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
}

const BODY_BYTES_MAX = 4 * 1_048_576;

export async function startLoopbackServer(
  { port = 0, lifeMs = 600_000, requestsMax = 1_000_000 }: LoopbackOptions,
  desk: LoopbackDesk,
): Promise<LoopbackServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => {
      // The caller went away in the middle: as in life, its request may or may not have been done.
      response.destroy();
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname.startsWith('/_')) {
      request.resume();
      desk.control(request, url, response);
      return;
    }
    requests += 1;
    if (requests >= requestsMax) void close();
    await desk.serve(request, url, response);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const closed = new Promise<void>((resolve) => {
    server.once('close', resolve);
  });
  const cancelLife = systemClock.schedule(lifeMs, () => {
    void close();
  });

  async function close(): Promise<void> {
    cancelLife();
    server.close();
    server.closeAllConnections();
    await closed;
  }

  return { url: urlOf(server), closed, close };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** @throws RangeError for one of more than 4 MiB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new RangeError('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Returns one header of a request; `undefined` if it is missing or came in several parts. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

export function reply(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

/** Answers with one value per line (NDJSON). */
export function replyLines(response: ServerResponse, values: Iterable<unknown>): void {
  response.setHeader('content-type', 'application/x-ndjson');
  for (const value of values) response.write(`${JSON.stringify(value)}\n`);
  response.end();
}
