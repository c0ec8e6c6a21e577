/**
 * How calls reach the server of a drill: in virtual time through a `fetch` that stands in for the real
 * one below holdfast's own HTTP handler, on loopback through a real HTTP server.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Run } from '../../actors/port.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import type { Answer, Call, DrillServer, Job } from './drill.ts';

/** Nothing listens there; the `fetch` that stands in does not look at it. */
const NOWHERE = 'http://127.0.0.1:8080';

/** What lies behind the transport. */
export interface Backend {
  readonly server: DrillServer;
  /** The request that a key belongs to. */
  jobOf(key: string): Job;
}

/**
 * The real HTTP handler over a `fetch` that goes to the model. Restores the real `fetch` with `close`.
 */
export function virtualTransport(backend: Backend): {
  readonly run: Run;
  readonly close: () => void;
} {
  const real = globalThis.fetch;
  globalThis.fetch = async (_url, init) => {
    const headers = new Headers(init?.headers);
    const call = callOf(backend, (name) => headers.get(name));
    const signal = init?.signal ?? new AbortController().signal;
    return responseOf(await backend.server.call(call, signal));
  };
  return {
    run: httpHandler({ baseUrl: NOWHERE }),
    close: () => {
      globalThis.fetch = real;
    },
  };
}

function callOf(backend: Backend, header: (name: string) => string | null): Call {
  const key = header('idempotency-key') ?? '';
  const { type, subject, tier, priority } = backend.jobOf(key);
  return { key, type, subject, tier, priority, attempt: Number(header('holdfast-attempt') ?? 1) };
}

/** As undici says it. */
function responseOf(answer: Answer): Response {
  if (answer === 'refused') throw networkError('ECONNREFUSED', 'connect');
  if (answer === 'reset') throw networkError('UND_ERR_SOCKET', 'read');
  const { status, retryAfterMs } = answer;
  const headers = new Headers({ 'content-type': 'application/json' });
  if (retryAfterMs !== undefined) headers.set('retry-after', String(retryAfterMs / 1_000));
  return new Response('{"done":true}', { status, headers });
}

function networkError(code: string, syscall: string): TypeError {
  const cause = Object.assign(new Error(code), { code, syscall });
  return new TypeError('fetch failed', { cause });
}

/** The real HTTP handler, and a real HTTP server on 127.0.0.1 before the model. */
export async function realTransport(
  backend: Backend,
): Promise<{ readonly run: Run; readonly close: () => Promise<void> }> {
  const http = createServer((request, response) => {
    serve(backend, request, response).catch(() => {
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    run: httpHandler({ baseUrl: `http://127.0.0.1:${port}` }),
    close: async () => {
      await closed(http);
    },
  };
}

async function serve(
  backend: Backend,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort(new Error('The caller went away.'));
  });
  request.resume();
  const call = callOf(backend, (name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : null;
  });
  const answer = await backend.server.call(call, gone.signal);
  if (typeof answer === 'string') {
    response.destroy();
    return;
  }
  const { status, retryAfterMs } = answer;
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  if (retryAfterMs !== undefined) response.setHeader('retry-after', String(retryAfterMs / 1_000));
  response.end('{"done":true}');
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
