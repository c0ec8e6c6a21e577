/**
 * The upstream of `bench:run`, in a process of its own: it answers JSON to every request, and fails as it is told.
 * Prints its port. The control paths: `/-/first` clears what was seen, `/-/counts` tells it.
 *
 * Usage: upstream.js steady|failures|outage
 *
 * @module
 */

import { createServer, type ServerResponse } from 'node:http';

const [, , weather = 'steady'] = process.argv;
/** Of ten requests that come for the first time, so many are answered 503. */
const FAILURES_OF_TEN = weather === 'failures' ? 3 : 0;
/** The outage begins with this request, and cuts off every request while it lasts. */
const OUTAGE_AFTER = weather === 'outage' ? 1_000 : Number.POSITIVE_INFINITY;
const OUTAGE_MS = 3_000;

const done = new Set<string>();
const failed = new Set<string>();
let requests = 0;
let outageEndsAtMs: number | null = null;

function answer(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function isOut(): boolean {
  if (requests >= OUTAGE_AFTER) outageEndsAtMs ??= performance.now() + OUTAGE_MS;
  return outageEndsAtMs !== null && performance.now() < outageEndsAtMs;
}

function serve(key: string, response: ServerResponse): void {
  requests += 1;
  if (isOut()) {
    response.socket?.destroy();
    return;
  }
  if (requests % 10 < FAILURES_OF_TEN && !failed.has(key)) {
    failed.add(key);
    answer(response, 503, { error: 'busy' });
    return;
  }
  done.add(key);
  answer(response, 200, { receipt: key });
}

const server = createServer((request, response) => {
  if (request.url === '/-/first') {
    done.clear();
    failed.clear();
    requests = 0;
    outageEndsAtMs = null;
    answer(response, 200, {});
  } else if (request.url === '/-/counts') answer(response, 200, { done: done.size, requests });
  else {
    request.resume();
    request.once('end', () => {
      serve(String(request.headers['idempotency-key']), response);
    });
  }
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : address);
});
// It ends with the bench.
process.stdin.resume().once('end', () => process.exit());
