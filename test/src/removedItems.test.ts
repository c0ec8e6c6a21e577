/**
 * What somebody removed from a record: kept sealed in each store that had it, shown, and put back everywhere.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { connect, createRuntime, httpHandler, type Runtime, rawKey } from '../../src/index.ts';
import { type RecordServer, startRecordServer } from '../../src/testing/recordServer.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const ENTITY = { type: 'crisis_plan', id: 'p1' };
const PATH = '/emergencyContacts/ex';
const mom = { id: 'mom', name: 'Mom', phones: ['+49 30 1111111'] };
const ex = { id: 'ex', name: 'Exwife', phones: ['+49 30 2222222'] };
const PLAN = { emergencyContacts: [mom, ex] };

let server: RecordServer;
beforeEach(async () => {
  server = await startRecordServer();
});
afterEach(async () => {
  await server.close();
});

function device(name: string, store = ':memory:'): Runtime {
  const run = httpHandler({
    ...{ baseUrl: server.url, method: 'PUT', path: 'plans/{entity.id}', metaField: 'holdfast' },
  });
  const runtime = createRuntime({
    ...(store === ':memory:' ? { store } : { store, key: rawKey(new Uint8Array(32).fill(7)) }),
    device: name,
    upstreams: { records: { retry: { initialDelayMs: 10, delayMsMax: 50 } } },
    handlers: { 'plans.put': { upstream: 'records', run, conflicts: true } },
  });
  onTestFinished(() => runtime.close({ deadlineMs: 0 }));
  return runtime;
}

async function edit(runtime: Runtime, payload: object, removals: readonly object[] = []) {
  const known = await runtime.entities.get(ENTITY);
  const base = known === null ? {} : { base: known.base };
  const operation = await runtime.sync({
    ...{ type: 'plans.put', subject: 'user-42', entity: ENTITY, payload, ...base },
    removals: removals as never,
  });
  expect((await operation.outcome).status).toBe('completed');
}

const takesOut = { path: PATH, confirmed: true, by: 'user-42', at: 1_790_000_000_000 };
const removeFrom = async (runtime: Runtime) => {
  await edit(runtime, PLAN);
  await edit(runtime, { emergencyContacts: [mom] }, [takesOut]);
};

/** Takes what the upstream holds now. */
async function pull(runtime: Runtime): Promise<void> {
  const held = server.get('/plans/p1');
  const { holdfast: meta, ...value } = (held?.value ?? {}) as { readonly [name: string]: Json };
  const version = held?.version ?? null;
  await runtime.remoteChange({ entity: ENTITY, subject: 'user-42', value, version, meta });
}

const there = (): string => JSON.stringify(server.get('/plans/p1')?.value ?? null);

describe('what was removed from a record', () => {
  test('CF-5 is shown with who removed it, and put back on all devices', async () => {
    const [phone, tablet] = [device('phone'), device('tablet')];
    await edit(phone, PLAN);
    await pull(tablet);
    await edit(phone, { emergencyContacts: [mom] }, [takesOut]);
    await pull(tablet);
    expect(there()).not.toContain('Exwife');
    const removed = {
      ...{ path: PATH, value: ex, isConfirmed: true, by: 'user-42' },
      ...{ atMs: takesOut.at, reason: null },
    };
    expect(await phone.entities.removed(ENTITY)).toEqual([removed]);
    expect(await tablet.entities.removed(ENTITY)).toEqual([removed]);
    const operation = await tablet.entities.restore(ENTITY, PATH, { type: 'plans.put' });
    expect((await operation.outcome).status).toBe('completed');
    await pull(phone);
    expect((await phone.entities.get(ENTITY))?.value).toEqual(PLAN);
    expect(await phone.entities.removed(ENTITY)).toEqual([]);
    expect(await tablet.entities.removed(ENTITY)).toEqual([]);
    // It stays there: nobody's next edit takes it out again.
    await edit(phone, { ...PLAN, note: 'later' });
    expect(there()).toContain('Exwife');
  });

  test('CF-5 is there as soon as its removal is accepted, with the upstream away', async () => {
    const phone = device('phone');
    await edit(phone, PLAN);
    server.startOutage(60_000);
    const known = await phone.entities.get(ENTITY);
    await phone.sync({
      ...{ type: 'plans.put', subject: 'user-42', entity: ENTITY, base: known?.base },
      ...{ payload: { emergencyContacts: [mom] }, removals: [takesOut] },
    });
    expect(await phone.entities.removed(ENTITY)).toMatchObject([{ path: PATH, value: ex }]);
    await phone.entities.restore(ENTITY, PATH, { type: 'plans.put' });
    expect((await phone.entities.get(ENTITY))?.value).toEqual(PLAN);
  });

  test('CF-5 SE-1 is sealed at rest, and goes with forget()', async () => {
    const store = tempFolder();
    const phone = device('phone', store);
    await removeFrom(phone);
    await phone.close();
    const bytes = readdirSync(store).map((name) => readFileSync(join(store, name), 'latin1'));
    expect(bytes.join('')).not.toContain('Exwife');
    const again = device('phone', store);
    expect(await again.entities.removed(ENTITY)).toMatchObject([{ value: ex }]);
    expect(await again.entities.forget(ENTITY)).toBe(true);
    expect(await again.entities.removed(ENTITY)).toEqual([]);
  });

  test('CF-5 UX-2 nothing is put back where nothing was removed, or nothing is kept of it', async () => {
    const [phone, stranger] = [device('phone'), device('stranger')];
    await removeFrom(phone);
    await pull(stranger);
    const [known] = await stranger.entities.removed(ENTITY);
    expect(known).toMatchObject({ path: PATH, by: 'user-42' });
    expect(known).not.toHaveProperty('value');
    const says = { code: 'HF_OPTION_INVALID', field: 'path' };
    for (const [runtime, path] of [
      [stranger, PATH],
      [phone, '/emergencyContacts/mom'],
    ] as const) {
      const restoring = runtime.entities.restore(ENTITY, path, { type: 'plans.put' });
      await expect(restoring).rejects.toMatchObject(says);
    }
  });

  test('CF-5 SC-4 a client of the store sees it, and puts it back', async () => {
    const store = tempFolder();
    const phone = device('phone', store);
    await removeFrom(phone);
    const client = await connect({ store });
    onTestFinished(() => client.close());
    expect(await client.entities.removed(ENTITY)).toMatchObject([{ value: ex }]);
    const operation = await client.entities.restore(ENTITY, PATH, { type: 'plans.put' });
    expect((await operation.outcome).status).toBe('completed');
    expect(there()).toContain('Exwife');
  });
});
