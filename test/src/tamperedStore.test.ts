/** What the upstream gets from a store that somebody without the key has written to. */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test, vi } from 'vitest';
import { encodeSnapshot } from '../../actors/charts/snapshots.ts';
import {
  newOperation,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import type { AcceptWrite, Write } from '../../persistence/port/store.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import type { Runtime } from '../../src/runtime.ts';
import { inThreadStore, TEST_KEY } from '../persistence/contract/storeUnderTest.ts';
import { deadLetter, idOf, replay, update } from '../persistence/contract/writes.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { LedgerServer } from '../support/process/ledgerServer.ts';
import { hideFrom } from '../support/store/damage.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const TYPE = 'payments.push';
const UPSTREAM = 'payments';
/** Long enough for an envelope of its own. */
const PAD = 'x'.repeat(2_000);

function stateOf(number: number): string {
  const context = newOperation({
    id: idOf(number),
    type: TYPE,
    subject: 'user-42',
    entity: null,
    tier: 'basic',
    priority: 'normal',
    idempotencyKey: `key-${number}`,
    fingerprint: null,
    method: null,
    path: null,
    acceptedAtMs: Date.now(),
    expiresAtMs: null,
    attemptsMax: 3,
  });
  return encodeSnapshot(syncOperationMachine, { value: 'waiting', context });
}

function bodyOf(number: number): string {
  return JSON.stringify({ payload: { number, pad: PAD } });
}

function waiting(number: number): AcceptWrite {
  return {
    kind: 'accept',
    seq: number,
    id: idOf(number),
    urgency: 4,
    standing: 'due',
    dueAtMs: 1,
    route: UPSTREAM,
    subject: 'user-42',
    lane: null,
    idempotencyKey: null,
    expiresAtMs: null,
    state: stateOf(number),
    payload: bodyOf(number),
  };
}

/** A store in which these writes are on disk. */
async function storeWith(...batches: readonly (readonly Write[])[]): Promise<string> {
  const folder = join(tempFolder(), 'store');
  const store = inThreadStore(folder);
  await store.open();
  for (const batch of batches) await store.commit(batch);
  await store.close();
  return folder;
}

function edit<Result>(folder: string, use: (db: Database.Database) => Result): Result {
  const db = new Database(join(folder, 'data.db'));
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Runs the store until its check is through and the expected effects are there; gives what the upstream saw. */
async function run(folder: string, effects: readonly number[]) {
  const ledger = new LedgerServer();
  const baseUrl = await ledger.listen();
  const errors: unknown[] = [];
  const runtime = createRuntime({
    store: folder,
    key: TEST_KEY,
    upstreams: { [UPSTREAM]: {} },
    handlers: { [TYPE]: { upstream: UPSTREAM, run: httpHandler({ baseUrl }) } },
    onError: (error) => {
      errors.push(error);
    },
  });
  onTestFinished(async () => {
    await runtime.close();
    ledger.close();
  });
  await runtime.ready;
  const seen = (): number[] => ledger.effects.map(({ number }) => number).toSorted((a, b) => a - b);
  await vi.waitFor(
    () => {
      expect(seen()).toEqual(effects);
      expect(runtime.getHealthStatus()).toMatchObject({
        storeCheck: { state: 'done' },
        operations: { completed: effects.length, attemptsRunning: 0 },
      });
    },
    { timeout: HANGS_AFTER_MS, interval: 20 },
  );
  return {
    runtime,
    errors,
    requests: ledger.requests.map(({ number }) => number).toSorted((a, b) => a - b),
  };
}

/** Lists the findings of health that are reasons; notes are left out. */
function reasonsOf(runtime: Runtime): readonly string[] {
  const { findings } = runtime.getHealthStatus();
  return findings.filter(({ health }) => health !== 'healthy').map(({ id }) => id);
}

test('SE-4 PS-3 an operation whose payload was deleted is never sent, and the others are', async () => {
  const folder = await storeWith([waiting(1), waiting(2), waiting(3)]);
  edit(folder, (db) => db.exec('DELETE FROM payload WHERE seq = 2'));
  const { runtime, errors, requests } = await run(folder, [1, 3]);
  expect(requests).toEqual([1, 3]);
  expect(runtime.getHealthStatus().operations).toMatchObject({ quarantined: 1, completed: 2 });
  expect(errors).toMatchObject([{ code: 'HF_RECORD_TAMPERED' }]);
});

test('SE-4 PS-3 the payload before an edited replay is never sent again', async () => {
  const given = { route: UPSTREAM, subject: 'user-42' };
  const folder = await storeWith(
    [waiting(1), waiting(2)],
    [deadLetter(2, { ...given, state: stateOf(2), payload: bodyOf(2) })],
  );
  const envelope = edit(folder, (db) =>
    db.prepare('SELECT envelope FROM payload WHERE seq = 2').pluck().get(),
  );
  const store = inThreadStore(folder);
  await store.open();
  const edited = replay(2, { route: UPSTREAM, state: stateOf(2), payload: bodyOf(22) });
  expect(await store.commit([edited])).toMatchObject([{ kind: 'replayed' }]);
  await store.close();
  edit(folder, (db) => db.prepare('UPDATE payload SET envelope = ? WHERE seq = 2').run(envelope));
  const { runtime, requests } = await run(folder, [1]);
  expect(requests).toEqual([1]);
  expect(runtime.getHealthStatus().operations).toMatchObject({ quarantined: 1 });
});

test('SE-6 HM-1 a payment that was deleted is told, and the others are sent', async () => {
  const folder = await storeWith([waiting(1), waiting(2), waiting(3)]);
  edit(folder, (db) => db.exec('DELETE FROM operation WHERE seq = 2'));
  const { runtime, errors, requests } = await run(folder, [1, 3]);
  expect(requests).toEqual([1, 3]);
  const codes = errors.map((error) => (error as { readonly code: string }).code);
  // And the counts, which had it still.
  expect(codes.toSorted()).toEqual(['HF_RECORD_MISSING', 'HF_STORE_MENDED']);
  const { storeCheck, overall } = runtime.getHealthStatus();
  expect([storeCheck.discrepancies, overall]).toEqual([2, 'degraded']);
  expect(reasonsOf(runtime)).toEqual(['recordsMissing']);
});

test.each([
  ['operation_due', { standing: 'due', dueAtMs: 1 }],
  ['operation_waiting', { standing: 'due', dueAtMs: 1 }],
  ['operation_in_hand', { standing: 'inHand', dueAtMs: null }],
] as const)('SE-4 OP-1 what %s hid runs once the check has rebuilt it', async (index, place) => {
  const folder = await storeWith([waiting(1), { ...waiting(2), ...place }, waiting(3)]);
  edit(folder, hideFrom(index, 'seq <> 2'));
  const { errors } = await run(folder, [1, 2, 3]);
  const codes = errors.map((error) => (error as { readonly code: string }).code);
  expect(codes).toContain('HF_STORE_MENDED');
});

test('SE-6 PS-3 a payment that has ended and is put back as it waited is never sent again', async () => {
  const given = { route: UPSTREAM, subject: 'user-42' };
  const folder = await storeWith([waiting(1), waiting(2)]);
  const row = edit(folder, (db) => db.prepare('SELECT * FROM operation WHERE seq = 2').raw().get());
  const payload = edit(folder, (db) =>
    db.prepare('SELECT * FROM payload WHERE seq = 2').raw().get(),
  );
  const store = inThreadStore(folder);
  await store.open();
  await store.commit([deadLetter(2, { ...given, state: stateOf(2), payload: bodyOf(2) })]);
  await store.close();
  edit(folder, (db) => {
    const places = (row as unknown[]).map(() => '?').join(', ');
    db.prepare(`INSERT OR REPLACE INTO operation VALUES (${places})`).run(...(row as unknown[]));
    db.prepare('INSERT OR REPLACE INTO payload VALUES (?, ?, ?)').run(...(payload as unknown[]));
  });
  const { runtime, errors, requests } = await run(folder, [1]);
  expect(requests).toEqual([1]);
  const codes = errors.map((error) => (error as { readonly code: string }).code);
  expect(codes.toSorted()).toEqual(['HF_RECORD_STALE', 'HF_STORE_MENDED']);
  const { value: record } = await runtime.quarantine.list()[Symbol.asyncIterator]().next();
  expect(record).toMatchObject({ id: idOf(2), code: 'HF_RECORD_STALE' });
  expect(reasonsOf(runtime).slice(0, 2)).toEqual(['recordsMissing', 'quarantined']);
});

test('SE-4 control: the same store untouched sends all of it', async () => {
  const folder = await storeWith([waiting(1), waiting(2), waiting(3)]);
  edit(folder, (db) => db.exec('UPDATE payload SET envelope = envelope'));
  const { runtime, errors } = await run(folder, [1, 2, 3]);
  expect(errors).toEqual([]);
  expect(reasonsOf(runtime)).toEqual([]);
});

test('PS-3 OP-1 a record with a context that no chart can run with spoils no list', async () => {
  const broken = { ...waiting(2), state: stateOf(2).replace(/"context":.*$/, '"context":{}}') };
  const folder = await storeWith([waiting(1), { ...broken, standing: 'held', dueAtMs: null }]);
  const { runtime } = await run(folder, [1]);
  const { views } = await runtime.operations.page();
  expect(views.map(({ id }) => id)).toEqual([idOf(1)]);
});

test('SE-4 OP-5 an attempt without a payload calls no handler, whatever the store gave out', async () => {
  const { clock, boot, disk } = createWorld();
  await disk.open();
  const row = waiting(disk.nextSeq());
  await disk.commit([row]);
  await disk.commit([update(row.seq, { ...row, kind: 'update', revision: 2, payload: null })]);
  let calls = 0;
  const count = () => {
    calls += 1;
    return null;
  };
  const handlers = { [TYPE]: { upstream: UPSTREAM, run: count } };
  const { runtime } = boot({ upstreams: { [UPSTREAM]: {} }, handlers });
  await clock.run(runtime.ready);
  const outcome = await clock.run(runtime.operations.get(row.id).outcome);
  expect(outcome).toMatchObject({ status: 'deadLettered', error: { code: 'HF_RECORD_TAMPERED' } });
  expect(calls).toBe(0);
});
