/**
 * A real HTTP server that holds records, for tests of edits that are merged: with entity tags and conditions, as
 * badly behaved as is wanted, and with a ledger of what it applied.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import {
  headerOf,
  type LoopbackOptions,
  readBody,
  reply,
  replyLines,
  startLoopbackServer,
} from './loopbackServer.ts';
import {
  type HeldRecord,
  type RecordAnswering,
  type RecordCounts,
  Records,
  type RecordsOptions,
  type RecordWrite,
} from './records.ts';
import type { UpstreamLedger } from './upstreamLedger.ts';

export interface RecordServerOptions extends RecordsOptions, LoopbackOptions {}

export interface RecordServer {
  /** `http://127.0.0.1:<port>`, the base URL for requests. */
  readonly url: string;
  /** What it saw and did, by idempotency key. */
  readonly ledger: UpstreamLedger;
  /** Every write that was applied, in order. */
  readonly writes: readonly RecordWrite[];
  /** How often it misbehaved in which way, and refused what. */
  readonly counts: Readonly<RecordCounts>;
  /** What is held at a path such as `/plans/p1`; `null` for nothing. */
  readonly get: (path: string) => HeldRecord | null;
  /** Everything that is held, by path. */
  readonly all: () => ReadonlyMap<string, HeldRecord>;
  /** Changes a record as another device does that knows what is there; returns the new version. */
  readonly put: (path: string, value: Json) => string;
  /** Removes a record as another device does. */
  readonly delete: (path: string) => void;
  /**
   * What is not as it should be, a line each: what the ledger finds (lost, doubled, garbled), and writes that were
   * laid over a version that they were not made on, so that somebody's change may be gone. An empty list means that
   * nothing was lost, doubled or laid over unseen.
   *
   * @param done Keys of everything that has to have been applied, as they go out (`upstreamKey()`). Default: none.
   */
  readonly broken: (done?: Iterable<string>) => readonly string[];
  /** Cuts off every request for so many milliseconds of real time. Of several the later end counts. */
  readonly startOutage: (durationMs: number) => void;
  /** Resolves once closed, also when it closed by itself. */
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Starts an HTTP server on 127.0.0.1 that holds a JSON document at each path, in memory: `GET`, `PUT` and `DELETE`.
 *
 * Each version has an entity tag that never comes again. `If-Match` and `If-None-Match` are held to (412);
 * `requireConditions` refuses a write without either (428). It honours `Idempotency-Key`: a key that was applied gets
 * its first answer again, one that is being worked on 409, one with another request 422. Which requests it treats
 * badly depends only on the seed, the request and how often it came, so that a run can be repeated.
 *
 * Besides records it serves `GET /_writes` and `GET /_ledger` (a line each, NDJSON), `GET /_summary` (JSON) and
 * `POST /_outage?ms=…`, which an outage does not touch. It runs on real time, and stops by itself.
 *
 * @example
 * const server = await startRecordServer({ faults: { droppedAfterApplying: 0.2 } });
 * const run = httpHandler({ baseUrl: server.url, method: 'PUT', path: 'plans/{entity.id}' });
 * const runtime = createRuntime({
 *   store: ':memory:',
 *   upstreams: { records: {} },
 *   handlers: { 'plans.put': { upstream: 'records', run, conflicts: true } },
 * });
 * server.put('/plans/p1', { title: 'of another device' });
 * // … once the work is done:
 * assert.deepEqual(server.broken(), []);
 * await server.close();
 */
export async function startRecordServer(options: RecordServerOptions = {}): Promise<RecordServer> {
  const records = new Records(options, systemClock);
  const { ledger, writes, counts } = records;
  const server = await startLoopbackServer(options, {
    async serve(request, url, response) {
      const drop = (): void => {
        request.socket.destroy();
      };
      if (records.isCutOff()) {
        drop();
        return;
      }
      const body = (await readBody(request)).toString();
      const answering: RecordAnswering = {
        drop,
        reply({ status, version, body: text }) {
          if (version !== undefined) response.setHeader('etag', version);
          if (text !== undefined && request.method !== 'HEAD') reply(response, status, text);
          else response.writeHead(status).end();
        },
      };
      await records.serve(
        {
          ...{ method: request.method ?? '', path: url.pathname, body },
          key: headerOf(request, 'idempotency-key'),
          attempt: Number(request.headers['holdfast-attempt'] ?? 0),
          ifMatch: headerOf(request, 'if-match'),
          ifNoneMatch: headerOf(request, 'if-none-match'),
        },
        answering,
      );
    },
    control(request, url, response) {
      if (url.pathname === '/_writes') replyLines(response, writes);
      else if (url.pathname === '/_ledger') replyLines(response, ledger.entries());
      else if (url.pathname === '/_summary') {
        reply(response, 200, JSON.stringify({ ...ledger.summary(), counts }));
      } else if (url.pathname === '/_outage' && request.method === 'POST') {
        records.startOutage(Number(url.searchParams.get('ms') ?? 1_000));
        reply(response, 200, '{}');
      } else reply(response, 404, '{"error":"unknown control path"}');
    },
  });
  return {
    ...server,
    ...{ ledger, writes, counts },
    get: (path) => records.get(path),
    all: () => records.all(),
    put: (path, value) => records.put(path, value),
    delete: (path) => {
      records.delete(path);
    },
    broken: (done = []) => records.broken(done),
    startOutage: (durationMs) => {
      records.startOutage(durationMs);
    },
  };
}
