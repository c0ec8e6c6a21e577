/**
 * The program that `bench:quiet` measures: so many operations a second, one after the other, each a POST to an upstream.
 * Prints what those after the warm-up cost the whole process, all of its threads.
 *
 * Usage: program.js fetch|http|accepted|outcome URL PER_SECOND COUNT
 *
 * @module
 */

import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime } from '../../src/createRuntime.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import { BENCH_KEY, temporaryFolder } from '../support.ts';

/** Cost of the operations of the measured span. */
export interface Usage {
  readonly cpuMicros: number;
  readonly elapsedMs: number;
  /** How often a thread slept and was woken: voluntary changes of context. */
  readonly wakeUps: number;
  readonly residentMiB: number;
  /** From the call to what is awaited, in milliseconds. */
  readonly lastedMs: number;
}

type Send = (number: number, isOutcomeAwaited: boolean) => Promise<unknown>;

const [, , way = 'fetch', base = '', perSecondText = '', countText = ''] = process.argv;
const perSecond = Number(perSecondText);
const count = Number(countText);
/** Behind so many a process is as it is after an hour: V8 has compiled what runs. */
const WARM_UP = 10_000;
const WARM_UP_IN_FLIGHT = 4;
/** The last of them come at their instants. */
const PACED = 500;
const PACED_EVERY_MS = 4;
/** Limit within which operations end that are under way at the end of a span. */
const SETTLED_MS = 300;
const NOTE = 'x'.repeat(180);

const url = `${base}/payments/push`;

function headersOf(number: number): Record<string, string> {
  return { 'content-type': 'application/json', 'idempotency-key': `key-${number}` };
}

function bodyOf(number: number): string {
  return JSON.stringify({ amount: number, note: NOTE });
}

async function byFetch(number: number): Promise<void> {
  const init = { method: 'POST', headers: headersOf(number), body: bodyOf(number) };
  const response = await fetch(url, init);
  await response.json();
}

function byHttp(): Send {
  const agent = new Agent({ keepAlive: true });
  return async (number) =>
    await new Promise((resolve, reject) => {
      const options = { method: 'POST', headers: headersOf(number), agent };
      const sent = request(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        });
      });
      sent.once('error', reject);
      sent.end(bodyOf(number));
    });
}

async function byHoldfast(): Promise<Send> {
  const runtime = createRuntime({
    store: join(temporaryFolder(), 'store'),
    key: BENCH_KEY,
    upstreams: { payments: {} },
    handlers: { 'payments.push': { upstream: 'payments', run: httpHandler({ baseUrl: base }) } },
    onError: (error) => {
      throw error;
    },
  });
  await runtime.ready;
  return async (number, isOutcomeAwaited) => {
    const operation = await runtime.sync({
      type: 'payments.push',
      subject: `user-${number % 1_000}`,
      idempotencyKey: `key-${number}`,
      payload: { amount: number, note: NOTE },
    });
    if (!isOutcomeAwaited) return;
    const { status } = await operation.outcome;
    if (status !== 'completed') throw new Error(`An operation ended as ${status}.`);
  };
}

function senderOf(): Send | Promise<Send> {
  if (way === 'fetch') return byFetch;
  return way === 'http' ? byHttp() : byHoldfast();
}

/** Sends them at their instants; the next does not wait for the one before. */
async function paced(send: Send, from: number, times: number, everyMs: number): Promise<number> {
  const startedAtMs = performance.now();
  let lastedMs = 0;
  const sent: Promise<void>[] = [];
  const one = async (number: number): Promise<void> => {
    const calledAtMs = performance.now();
    await send(number, way === 'outcome');
    lastedMs += performance.now() - calledAtMs;
  };
  for (let number = 0; number < times; number += 1) {
    const waitMs = startedAtMs + number * everyMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    sent.push(one(from + number));
  }
  await Promise.all(sent);
  await pause(SETTLED_MS);
  return lastedMs / times;
}

async function warmUp(send: Send): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < WARM_UP - PACED) {
      next += 1;
      await send(next, true);
    }
  };
  await Promise.all(Array.from({ length: WARM_UP_IN_FLIGHT }, worker));
  await paced(send, WARM_UP - PACED + 1, PACED, PACED_EVERY_MS);
}

const send = await senderOf();
await warmUp(send);
const before = process.resourceUsage();
const startedAtMs = performance.now();
const lastedMs = await paced(send, WARM_UP + 1, count, 1_000 / perSecond);
const elapsedMs = performance.now() - startedAtMs - SETTLED_MS;
const after = process.resourceUsage();
const usage: Usage = {
  cpuMicros: after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime,
  elapsedMs,
  wakeUps: after.voluntaryContextSwitches - before.voluntaryContextSwitches,
  residentMiB: process.memoryUsage.rss() / 2 ** 20,
  lastedMs,
};
console.log(JSON.stringify(usage));
// The plain programs keep connections, and a close of the runtime is no part of this.
process.exit();
