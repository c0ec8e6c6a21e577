/**
 * What `holdfast run` stands beside: a loop that reads the same lines and sends each of them, 128 at a time, trying
 * again after a pause. It keeps nothing: a crash loses its place.
 *
 * Usage: loop.js fetch|http FILE URL
 *
 * @module
 */

import { createReadStream } from 'node:fs';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const [, , client = 'fetch', file = '', base = ''] = process.argv;
const IN_FLIGHT = 128;
const PAUSE_MS = 100;
const ATTEMPTS_MAX = 1_000;

interface Line {
  readonly type: string;
  readonly idempotencyKey: string;
  readonly payload: unknown;
}

type Send = (url: string, headers: Record<string, string>, body: string) => Promise<number>;

async function byFetch(
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<number> {
  const response = await fetch(url, { method: 'POST', headers, body });
  await response.json();
  return response.status;
}

const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });

async function byHttp(url: string, headers: Record<string, string>, body: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        JSON.parse(Buffer.concat(chunks).toString());
        resolve(response.statusCode ?? 0);
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

async function deliver(send: Send, text: string): Promise<void> {
  const { type, idempotencyKey, payload } = JSON.parse(text) as Line;
  const url = `${base}/${type.replaceAll('.', '/')}`;
  const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey };
  const body = JSON.stringify(payload);
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const status = await send(url, headers, body).catch(() => 0);
    if (status === 200) return;
    await pause(PAUSE_MS);
  }
  throw new Error('A line was never taken.');
}

const lines = createInterface({ input: createReadStream(file) })[Symbol.asyncIterator]();
const send = client === 'http' ? byHttp : byFetch;
const worker = async (): Promise<void> => {
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    await deliver(send, next.value);
  }
};
await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
agent.destroy();
