/**
 * Events of effects that a ledger makes after their caller is gone.
 *
 * @module
 */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { LedgerServer } from '../support/process/ledgerServer.ts';
import { LedgerWitness } from './ledgerWitness.ts';

let ledger: LedgerServer;
let url: string;

beforeEach(async () => {
  ledger = new LedgerServer();
  url = await ledger.listen();
});
afterEach(() => {
  ledger.close();
});

async function put(number: number, latencyMs: number, signal?: AbortSignal): Promise<void> {
  const headers = { 'idempotency-key': `key-${number}`, 'holdfast-attempt': '1' };
  const body = JSON.stringify({ number, latencyMs });
  await fetch(url, { method: 'POST', headers, body, signal: signal ?? null });
}

test('OP-4 an effect is told as late where its caller was gone by then, and only there', async () => {
  const witness = new LedgerWitness(ledger);
  const gone = new AbortController();
  const given = put(1, 100, gone.signal).catch(() => undefined);
  await ledger.request(({ number }) => number === 1);
  gone.abort();
  await given;
  await put(2, 0);
  await expect.poll(() => ledger.effects.length).toBe(2);
  expect([...witness.news()].filter(({ event }) => event === 'applied')).toEqual([
    { event: 'applied', task: 2, key: 'key-2' },
    { event: 'applied', task: 1, key: 'key-1', isLate: true },
  ]);
});
