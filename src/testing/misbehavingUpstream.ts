/**
 * A real HTTP server that behaves as badly as real ones do, and keeps a ledger of what it did.
 * `holdfast demo` runs it as another process; tests run it in theirs.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../actors/platform/systemClock.ts';
import {
  MisbehavingWork,
  type MisbehaviourCounts,
  type MisbehaviourOptions,
} from './misbehaviour.ts';
import type { UpstreamLedger } from './upstreamLedger.ts';

export interface UpstreamOptions extends MisbehaviourOptions {
  /** Stops by itself after this, in milliseconds of real time. Default 10 min. */
  readonly lifeMs?: number | undefined;
  /** Stops by itself after this many requests. Default 1,000,000. */
  readonly requestsMax?: number | undefined;
}

export interface MisbehavingUpstream {
  /** `http://127.0.0.1:<port>`, the base URL for requests. */
  readonly url: string;
  /** What it saw and did, by idempotency key. */
  readonly ledger: UpstreamLedger;
  /** How often it misbehaved in which way. */
  readonly counts: Readonly<MisbehaviourCounts>;
  /** Cuts off every request for so many milliseconds of real time. Of several the later end counts. */
  readonly startOutage: (durationMs: number) => void;
  /** Resolves once closed, also when it closed by itself. */
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
}

const BODY_BYTES_MAX = 4 * 1_048_576;
const TRICKLE_STEPS = 5;
const TRICKLE_STEP_MS = 40;

/**
 * Starts an HTTP server on a free port of 127.0.0.1 that treats a share of the requests badly.
 *
 * It honours `Idempotency-Key`: a key that was applied gets its first answer again, a key that is being
 * worked on gets 409, a key with another body gets 422, a path that ends in `/refused` always 422. How
 * it misbehaves towards a request depends only on the seed, the key and how often that key was seen, so
 * that a run can be repeated whatever the order in which requests arrive.
 *
 * Besides requests it serves `GET /_ledger` (an entry a line, NDJSON), `GET /_summary` (JSON) and
 * `POST /_outage?ms=…`, which an outage does not touch. It runs on real time.
 *
 * @example
 * const upstream = await startMisbehavingUpstream({ misbehaviour: { droppedAfterApplying: 0.2 } });
 * const handlers = {
 *   'payments.push': { upstream: 'payments', run: httpHandler({ baseUrl: upstream.url }) },
 * };
 * // … once the work is done:
 * assert.deepEqual(upstream.ledger.broken(keys), []);
 * await upstream.close();
 */
export async function startMisbehavingUpstream(
  options: UpstreamOptions = {},
): Promise<MisbehavingUpstream> {
  const { requestsMax = 1_000_000, lifeMs = 600_000 } = options;
  const work = new MisbehavingWork(options, systemClock);
  const { ledger, counts } = work;
  let requests = 0;

  const server = createServer((request, response) => {
    void serve(request, response).catch(() => {
      // The caller went away in the middle of it: what it asked for may or may not have been done,
      // as in life.
      response.destroy();
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname.startsWith('/_')) {
      control(request, url, response);
      return;
    }
    requests += 1;
    if (requests >= requestsMax) void close();
    if (work.isCutOff()) {
      request.socket.destroy();
      return;
    }
    const body = await readBody(request);
    const key = request.headers['idempotency-key'];
    await work.serve(
      {
        key: typeof key === 'string' ? key : undefined,
        attempt: Number(request.headers['holdfast-attempt'] ?? 0),
        body,
        path: url.pathname,
      },
      {
        reply(status, text, retryAfterSeconds) {
          if (retryAfterSeconds !== undefined) {
            response.setHeader('retry-after', String(retryAfterSeconds));
          }
          reply(response, status, text);
        },
        drop() {
          request.socket.destroy();
        },
        trickle: (text) => trickle(response, text),
      },
    );
  }

  function control(request: IncomingMessage, url: URL, response: ServerResponse): void {
    request.resume();
    if (url.pathname === '/_ledger') {
      response.setHeader('content-type', 'application/x-ndjson');
      for (const entry of ledger.entries()) response.write(`${JSON.stringify(entry)}\n`);
      response.end();
    } else if (url.pathname === '/_summary') {
      reply(response, 200, JSON.stringify({ ...ledger.summary(), misbehaviours: counts }));
    } else if (url.pathname === '/_outage' && request.method === 'POST') {
      work.startOutage(Number(url.searchParams.get('ms') ?? 1_000));
      reply(response, 200, '{}');
    } else {
      reply(response, 404, '{"error":"unknown control path"}');
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
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

  const startOutage = (durationMs: number): void => {
    work.startOutage(durationMs);
  };
  return { url: urlOf(server), ledger, counts, startOutage, closed, close };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function sleep(delayMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(delayMs, resolve);
  });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new RangeError('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

/** Sends the answer in small pieces with pauses between. */
async function trickle(response: ServerResponse, text: string): Promise<void> {
  response.setHeader('content-type', 'application/json');
  const size = Math.ceil(text.length / TRICKLE_STEPS);
  for (let from = 0; from < text.length; from += size) {
    response.write(text.slice(from, from + size));
    await sleep(TRICKLE_STEP_MS);
  }
  response.end();
}
