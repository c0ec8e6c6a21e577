/**
 * The upstream of the drill as a process of its own: a real HTTP server that honours idempotency keys,
 * keeps a ledger, and is told over a second port how to fail. Its first line on stdout says where both
 * are. It ends when its stdin does, so that it can't outlive the process that started it.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { machineMs, systemClock } from '../../../actors/platform/systemClock.ts';
import { DrillLedger, type NoticeLine, type UpstreamPorts } from './drillUpstream.ts';

const HOST = '127.0.0.1';
/** How crises are refused: busy, failed, and refused for good. */
const REFUSALS = [503, 500, 422];

const ledger = new DrillLedger();
let refusesCrises = false;
let isBusy = false;
let refused = 0;
let isSilent = false;
let closesConnections = false;
const notices: NoticeLine[] = [];
let pagerCalls = 0;
let pagerHangs = false;
let server = serving(serve);
let pager = serving(page);

function serving(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Server {
  return createServer((request, response) => {
    answer(request, response).catch(() => {
      // The caller has gone away in the middle of it.
      response.destroy();
    });
  });
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** Takes a notice of the chain; the path is the name of its step. */
async function page(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { subjects, people, ask } = (await jsonOf(request)) as Omit<NoticeLine, 'step' | 'atMs'> & {
    readonly ask: string | null;
  };
  pagerCalls += 1;
  if (pagerHangs) return;
  const step = request.url?.slice(1) ?? '';
  // One that asks whether somebody still has it tells nobody else.
  if (ask === null) notices.push({ step, subjects, people, atMs: machineMs() });
  reply(response, 200);
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { number, latencyMs = 0 } = (await jsonOf(request)) as {
    readonly number: number;
    readonly latencyMs?: number;
  };
  if (isBusy) {
    reply(response, 503);
    return;
  }
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
  ledger.apply(number, key, machineMs());
  if (isSilent) return;
  reply(response, 200);
}

function reply(response: ServerResponse, status: number, body: unknown = {}): void {
  const more = closesConnections ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': 'application/json', ...more });
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
const pagerPort = await listen(pager, 0);

/** What it can be told, by the path. */
const CONTROLS: Readonly<Record<string, () => unknown>> = {
  '/offline': () => {
    server.close();
    server.closeAllConnections();
  },
  '/online': async () => {
    server = serving(serve);
    await listen(server, port);
  },
  '/pager/offline': () => {
    pager.close();
    pager.closeAllConnections();
  },
  '/pager/online': async () => {
    pagerHangs = false;
    if (pager.listening) return;
    pager = serving(page);
    await listen(pager, pagerPort);
  },
  '/pager/hang': () => {
    pagerHangs = true;
  },
  '/pager/calls': () => pagerCalls,
  '/notices': () => notices,
  '/silent': () => {
    isSilent = true;
  },
  '/speak': () => {
    isSilent = false;
  },
  '/refuse': () => {
    refusesCrises = true;
  },
  '/allow': () => {
    refusesCrises = false;
  },
  '/close-connections': () => {
    closesConnections = true;
  },
  '/busy': () => {
    isBusy = true;
  },
  '/free': () => {
    isBusy = false;
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
const ports: UpstreamPorts = { port, pagerPort, controlPort };
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.resume();
process.stdin.once('close', () => process.exit(0));
// A Ctrl-C at the terminal reaches the whole group; its parent ends it.
process.on('SIGINT', () => {});
