/**
 * A real HTTP server that holds records, for tests of merged edits: with entity tags and conditions, as badly behaved
 * as wanted, and with a ledger of what it applied.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import {
  type HeldRecord,
  type RecordAnswering,
  type RecordCounts,
  Records,
  type RecordsOptions,
  type RecordWrite,
} from '../simulator/network/records.ts';
import type { UpstreamLedger } from '../simulator/network/upstreamLedger.ts';
import {
  headerOf,
  type LoopbackOptions,
  readBody,
  reply,
  replyLines,
  startLoopbackServer,
} from './loopbackServer.ts';

export interface RecordServerOptions extends RecordsOptions, LoopbackOptions {}

export interface RecordServer {
  /** Base URL for requests: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Ledger of requests and effects, by idempotency key. */
  readonly ledger: UpstreamLedger;
  /** Writes that were applied, in order. */
  readonly writes: readonly RecordWrite[];
  /** Number of times it misbehaved, by kind, and of refusals. */
  readonly counts: Readonly<RecordCounts>;
  /** Returns the record at a path such as `/plans/p1`; `null` for none. */
  readonly get: (path: string) => HeldRecord | null;
  /** Returns all records, by path. */
  readonly all: () => ReadonlyMap<string, HeldRecord>;
  /** Changes a record as another device does that knows the version there; returns the new version. */
  readonly put: (path: string, value: Json) => string;
  /** Removes a record as another device does. */
  readonly delete: (path: string) => void;
  /**
   * Returns the faults, a line each: what the ledger finds (lost, doubled, garbled), and writes that replaced a
   * version that they were not based on, so that somebody's change may be gone. An empty list means that no change
   * was lost, doubled or overwritten unseen.
   *
   * @param done Keys of everything that has to have been applied, as they go out (`upstreamKey()`). Default: none.
   */
  readonly broken: (done?: Iterable<string>) => readonly string[];
  /** Cuts off every request for this long, in real time. Of several outages the latest end counts. */
  readonly startOutage: (durationMs: number) => void;
  /** Resolves once the server is closed, also if it stopped by itself. */
  readonly closed: Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Starts an HTTP server on 127.0.0.1 that holds a JSON document at each path, in memory: `GET`, `PUT` and `DELETE`.
 *
 * Each version has an entity tag that never comes again. It enforces `If-Match` and `If-None-Match` (412);
 * `requireConditions` refuses a write without either (428). It honours `Idempotency-Key`: an applied key gets its
 * first answer again, one in progress 409, one with another request 422. Which requests it treats badly depends only
 * on the seed, the request and how often it came.
 *
 * It also serves `GET /_writes` and `GET /_ledger` (NDJSON), `GET /_summary` (JSON) and `POST /_outage?ms=…`, which
 * an outage does not affect. It runs on real time, and stops by itself.
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
