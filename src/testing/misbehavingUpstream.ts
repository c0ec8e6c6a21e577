/**
 * A real HTTP server that behaves as badly as real ones do, and keeps a ledger of what it did.
 * `holdfast demo` runs it as another process; tests run it in theirs.
 *
 * It honours `Idempotency-Key`: a key that was applied gets its first answer again, a key that is
 * being worked on gets 409, a key with another body gets 422. How it misbehaves towards a request
 * depends only on the seed, the key and how often that key was seen, so that a run can be repeated
 * whatever the order in which requests arrive.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { type LedgerEntry, UpstreamLedger } from './upstreamLedger.ts';

/** Ways to treat a request badly, each with its probability. */
export const MISBEHAVIOURS = [
  'busy503',
  'limited429',
  'droppedBefore',
  'droppedAfterApplying',
  'failed500AfterApplying',
  'stalledThenApplied',
  'trickled',
] as const;
export type Misbehaviour = (typeof MISBEHAVIOURS)[number];

/** What the server counts beside the ledger; `outage` are requests cut off by an outage. */
export type MisbehaviourCounts = Record<
  Misbehaviour | 'outage' | 'refused422' | 'inUse409',
  number
>;

export interface UpstreamOptions {
  readonly seed?: number | undefined;
  /** Probabilities, each 0 to 1, together at most 1. Default: none, a well-behaved server. */
  readonly misbehaviour?: Partial<Record<Misbehaviour, number>> | undefined;
  /** How long `stalledThenApplied` waits; longer than the caller's attempt timeout. Default 5 s. */
  readonly stallMs?: number | undefined;
  /** What `limited429` asks for in `Retry-After`, in whole seconds. Default 1. */
  readonly retryAfterSeconds?: number | undefined;
  /** How long a normal answer takes. Default 0. */
  readonly latencyMs?: number | undefined;
  /** Stops by itself after this. Default 10 min. */
  readonly lifeMs?: number | undefined;
  /** Stops by itself after this many requests. Default 1,000,000. */
  readonly requestsMax?: number | undefined;
  /** A planted defect for control tests: forgets keys, so that a repeat is applied again. */
  readonly doubleApply?: boolean | undefined;
}

export interface MisbehavingUpstream {
  /** `http://127.0.0.1:<port>`, the base URL for requests. */
  readonly url: string;
  readonly ledger: UpstreamLedger;
  readonly counts: Readonly<MisbehaviourCounts>;
  /** Cuts off every request for this long. Outages add up to the later end. */
  readonly startOutage: (durationMs: number) => void;
  /** Resolves once closed, also when it closed by itself. */
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
}

/** Requests whose path ends so are refused for good. */
const REFUSED_PATH = /\/refused$/;
const BODY_BYTES_MAX = 4 * 1_048_576;
const TRICKLE_STEPS = 5;
const TRICKLE_STEP_MS = 40;

/**
 * Starts the server on a free port of 127.0.0.1.
 *
 * Besides requests it serves `GET /_ledger` (an entry a line, NDJSON), `GET /_summary` (JSON) and
 * `POST /_outage?ms=…`, which an outage does not touch.
 */
export async function startMisbehavingUpstream(
  options: UpstreamOptions = {},
): Promise<MisbehavingUpstream> {
  const { seed = 1, misbehaviour = {}, requestsMax = 1_000_000 } = options;
  const { stallMs = 5_000, retryAfterSeconds = 1, latencyMs = 0, lifeMs = 600_000 } = options;
  const ledger = new UpstreamLedger();
  const counts = Object.fromEntries(
    [...MISBEHAVIOURS, 'outage', 'refused422', 'inUse409'].map((name) => [name, 0]),
  ) as MisbehaviourCounts;
  let outageEndsAtMs = Number.NEGATIVE_INFINITY;
  let requests = 0;

  const startOutage = (durationMs: number): void => {
    outageEndsAtMs = Math.max(outageEndsAtMs, systemClock.monotonic() + durationMs);
  };

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
    if (systemClock.monotonic() < outageEndsAtMs) {
      counts.outage += 1;
      request.socket.destroy();
      return;
    }
    const body = await readBody(request);
    const keyHeader = request.headers['idempotency-key'];
    const key = typeof keyHeader === 'string' ? keyHeader : undefined;
    const attempt = Number(request.headers['holdfast-attempt'] ?? 0);
    const { entry, isMismatch } = ledger.note(key, attempt, body);
    if (isMismatch) {
      reply(response, 422, { error: 'the idempotency key belongs to another body' });
    } else if (REFUSED_PATH.test(url.pathname)) {
      counts.refused422 += 1;
      reply(response, 422, { error: 'refused' });
    } else if (entry?.inProgress === true) {
      counts.inUse409 += 1;
      reply(response, 409, { error: 'the idempotency key is in use' });
    } else {
      await treat(request, response, entry, draw(entry));
    }
  }

  /** Chooses how to treat a request, the same for the same seed, key and repeat. */
  function draw(entry: LedgerEntry | null): Misbehaviour | null {
    const text = `${seed}|${entry?.key ?? requests}|${entry?.requested ?? 0}`;
    let share = createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
    for (const name of MISBEHAVIOURS) {
      share -= misbehaviour[name] ?? 0;
      if (share < 0) return name;
    }
    return null;
  }

  async function treat(
    request: IncomingMessage,
    response: ServerResponse,
    entry: LedgerEntry | null,
    how: Misbehaviour | null,
  ): Promise<void> {
    if (how !== null) counts[how] += 1;
    switch (how) {
      case 'busy503':
        reply(response, 503, { error: 'busy' });
        return;
      case 'limited429':
        response.setHeader('retry-after', String(retryAfterSeconds));
        reply(response, 429, { error: 'too many requests' });
        return;
      case 'droppedBefore':
        request.socket.destroy();
        return;
      case 'droppedAfterApplying':
        apply(entry);
        request.socket.destroy();
        return;
      case 'failed500AfterApplying':
        apply(entry);
        reply(response, 500, { error: 'failed after it was done' });
        return;
      case 'stalledThenApplied':
        // The worst kind: the caller has given up by the time it is done.
        if (entry !== null) entry.inProgress = true;
        await sleep(stallMs);
        if (entry !== null) entry.inProgress = false;
        answer(response, apply(entry));
        return;
      case 'trickled':
        await trickle(response, apply(entry));
        return;
      case null:
        if (latencyMs > 0) await sleep(latencyMs);
        answer(response, apply(entry));
    }
  }

  /** Applies the effect unless its key was applied before, and returns the answer to give. */
  function apply(entry: LedgerEntry | null): string {
    if (entry === null) return JSON.stringify({ done: true });
    if (entry.applied === 0 || options.doubleApply === true) {
      entry.applied += 1;
      entry.answer = JSON.stringify({ done: true, digest: entry.bodyDigest });
    }
    return entry.answer;
  }

  function control(request: IncomingMessage, url: URL, response: ServerResponse): void {
    request.resume();
    if (url.pathname === '/_ledger') {
      response.setHeader('content-type', 'application/x-ndjson');
      for (const entry of ledger.entries()) response.write(`${JSON.stringify(entry)}\n`);
      response.end();
    } else if (url.pathname === '/_summary') {
      reply(response, 200, { ...ledger.summary(), misbehaviours: counts });
    } else if (url.pathname === '/_outage' && request.method === 'POST') {
      startOutage(Number(url.searchParams.get('ms') ?? 1_000));
      reply(response, 200, {});
    } else {
      reply(response, 404, { error: 'unknown control path' });
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

function reply(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  answer(response, JSON.stringify(body));
}

function answer(response: ServerResponse, text: string): void {
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
