/**
 * The systems behind the gateway, as a process of their own that outlives each of its kills: payments and the
 * care team misbehave and keep a ledger, profiles have ETags. Ends with its standard input.
 *
 * `--plant double-apply`: it forgets keys, as a control.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { startMisbehavingUpstream } from 'holdfast/testing';

const LIFE_MS = 240_000;

const misbehaving = await startMisbehavingUpstream({
  seed: 5,
  latencyMs: 40,
  stallMs: 1_500,
  lifeMs: LIFE_MS,
  doubleApply: process.argv.includes('double-apply'),
  misbehaviour: {
    busy503: 0.05,
    droppedBefore: 0.05,
    droppedAfterApplying: 0.1,
    failed500AfterApplying: 0.05,
    stalledThenApplied: 0.03,
  },
});

/** One profile, at its first version. */
let version = 1;
let profile = JSON.stringify({ name: 'Alex', email: 'alex@example.com' });
/** The first answer to each key, given again to whoever asks again. */
const answers = new Map<string, { readonly status: number; readonly etag: string }>();

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const current = `"v${version}"`;
  if (request.method === 'GET') {
    response.writeHead(200, { etag: current, 'content-type': 'application/json' }).end(profile);
    return;
  }
  const key = String(request.headers['idempotency-key']);
  let answer = answers.get(key);
  if (answer === undefined) {
    const isCurrent = request.headers['if-match'] === current;
    if (isCurrent) {
      version += 1;
      profile = body;
    }
    answer = { status: isCurrent ? 204 : 412, etag: `"v${version}"` };
    answers.set(key, answer);
  }
  response.writeHead(answer.status, { etag: answer.etag }).end();
}

const profiles = createServer((request, response) => {
  serve(request, response).catch(() => response.destroy());
});
profiles.listen(0, '127.0.0.1', () => {
  const { port } = profiles.address() as AddressInfo;
  console.log(JSON.stringify({ payments: misbehaving.url, profiles: `http://127.0.0.1:${port}` }));
});

function end(): void {
  profiles.close();
  profiles.closeAllConnections();
  void misbehaving.close();
}
process.stdin.resume().once('end', end);
void misbehaving.closed.then(end);
