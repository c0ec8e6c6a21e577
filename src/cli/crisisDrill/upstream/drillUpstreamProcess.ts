/**
 * The upstream of the drill as a process of its own: a real HTTP server that honours idempotency keys,
 * keeps a ledger, and is told over a second port how to fail. Its first line on stdout says where both
 * are. It ends when its stdin does, so that it can't outlive the process that started it.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { machineMs, systemClock } from '../../../../actors/platform/systemClock.ts';
import { DrillLedger } from './drillLedger.ts';
import type { UpstreamOrders } from './drillUpstream.ts';

const HOST = '127.0.0.1';
/** How crises are refused: busy, failed, and refused for good. */
const REFUSALS = [503, 500, 422];

const { forgets } = JSON.parse(process.argv[2] ?? '{}') as UpstreamOrders;
const ledger = new DrillLedger();
let refusesCrises = false;
let refused = 0;
let server = serving();

function serving(): Server {
  return createServer((request, response) => {
    serve(request, response).catch(() => {
      // The caller has gone away in the middle of it.
      response.destroy();
    });
  });
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { number, latencyMs = 0 } = JSON.parse(Buffer.concat(chunks).toString()) as {
    readonly number: number;
    readonly latencyMs?: number;
  };
  if (request.url !== '/crisis/alert') {
    systemClock.schedule(latencyMs, () => {
      reply(response, 200);
    });
    return;
  }
  if (refusesCrises) {
    refused += 1;
    reply(response, REFUSALS[number % REFUSALS.length] ?? 503);
    return;
  }
  const key = String(request.headers['idempotency-key']);
  // The planted defect: it says that it took this one, and does nothing.
  if (number !== forgets) ledger.apply(number, key, machineMs());
  reply(response, 200);
}

function reply(response: ServerResponse, status: number, body: unknown = {}): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function listen(one: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    one.once('error', reject);
    one.listen(port, HOST, resolve);
  });
  return (one.address() as AddressInfo).port;
}

const port = await listen(server, 0);

/** What it can be told, by the path. */
const CONTROLS: Readonly<Record<string, () => unknown>> = {
  '/offline': () => {
    server.close();
    server.closeAllConnections();
  },
  '/online': async () => {
    server = serving();
    await listen(server, port);
  },
  '/refuse': () => {
    refusesCrises = true;
  },
  '/allow': () => {
    refusesCrises = false;
  },
  '/refused': () => refused,
  '/delivered': () => ledger.size,
  '/ledger': () => ledger.lines(),
};

const control = createServer((request, response) => {
  void Promise.resolve(CONTROLS[request.url ?? '']?.()).then((value) => {
    reply(response, 200, value ?? null);
  });
});
const controlPort = await listen(control, 0);
process.stdout.write(`${JSON.stringify({ port, controlPort })}\n`);
process.stdin.resume();
process.stdin.once('close', () => process.exit(0));
// A Ctrl-C at the terminal reaches the whole group; its parent ends it.
process.on('SIGINT', () => {});
