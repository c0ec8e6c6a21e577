/**
 * A real HTTP server that behaves as badly as real ones do, and keeps a ledger. `holdfast demo` runs it as another
 * process; tests run it in theirs.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../../actors/platform/systemClock.ts';
import {
  MisbehavingWork,
  type MisbehaviourCounts,
  type MisbehaviourOptions,
} from '../simulator/network/misbehaviour.ts';
import type { UpstreamLedger } from '../simulator/network/upstreamLedger.ts';
import {
  headerOf,
  type LoopbackOptions,
  readBody,
  reply,
  replyLines,
  startLoopbackServer,
} from './loopbackServer.ts';

export interface UpstreamOptions extends MisbehaviourOptions, LoopbackOptions {}

export interface MisbehavingUpstream {
  /** Base URL for requests: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Ledger of requests and effects, by idempotency key. */
  readonly ledger: UpstreamLedger;
  /** Number of times it misbehaved, by kind. */
  readonly counts: Readonly<MisbehaviourCounts>;
  /** Cuts off every request for this long, in real time. Of several outages the latest end counts. */
  readonly startOutage: (durationMs: number) => void;
  /** Resolves once the server is closed, also if it stopped by itself. */
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
}

const TRICKLE_STEPS = 5;
const TRICKLE_STEP_MS = 40;

/**
 * Starts an HTTP server on a free port of 127.0.0.1 that treats a share of the requests badly.
 *
 * It honours `Idempotency-Key`: an applied key gets its first answer again, a key in progress gets 409, a key with
 * another body 422; a path that ends in `/refused` always gets 422. How it treats a request depends only on the seed,
 * the key and how often the key came, so that a run can be repeated in any order of arrival.
 *
 * It also serves `GET /_ledger` (NDJSON), `GET /_summary` (JSON) and `POST /_outage?ms=…`, which an outage does not
 * affect. It runs on real time.
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
  const work = new MisbehavingWork(options, systemClock);
  const { ledger, counts } = work;
  const startOutage = (durationMs: number): void => {
    work.startOutage(durationMs);
  };
  const server = await startLoopbackServer(options, {
    async serve(request, url, response) {
      if (work.isCutOff()) {
        request.socket.destroy();
        return;
      }
      await work.serve(
        {
          key: headerOf(request, 'idempotency-key'),
          attempt: Number(request.headers['holdfast-attempt'] ?? 0),
          body: await readBody(request),
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
    },
    control(request, url, response) {
      if (url.pathname === '/_ledger') replyLines(response, ledger.entries());
      else if (url.pathname === '/_summary') {
        reply(response, 200, JSON.stringify({ ...ledger.summary(), misbehaviours: counts }));
      } else if (isOutageOrder(request, url)) {
        startOutage(Number(url.searchParams.get('ms') ?? 1_000));
        reply(response, 200, '{}');
      } else reply(response, 404, '{"error":"unknown control path"}');
    },
  });
  return { ...server, ledger, counts, startOutage };
}

function isOutageOrder(request: IncomingMessage, url: URL): boolean {
  return url.pathname === '/_outage' && request.method === 'POST';
}

async function sleep(delayMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(delayMs, resolve);
  });
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
