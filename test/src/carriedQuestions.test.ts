/**
 * A question that one device asks, on the other devices of the record: each lists it, who wrote what is in question is
 * told, and a decision closes it everywhere. Real runtimes over HTTP.
 */

import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Json } from '../../machines/vocabulary/shape.ts';
import {
  type Conflict,
  createRuntime,
  httpHandler,
  type Runtime,
  rawKey,
} from '../../src/index.ts';
import { type RecordServer, startRecordServer } from '../../src/testing/recordServer.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const ENTITY = { type: 'crisis_plan', id: 'p1' };
const GATEWAY = 'no medication at home, agreed with Mom';
const PHONE = 'feeling fine';
const ANA = { by: { id: 'staff-7', role: 'clinician' } } as const;
const mom = { id: 'mom', name: 'Mom', phones: ['+49 30 1111111'] };

let server: RecordServer;
beforeEach(async () => {
  server = await startRecordServer();
});
afterEach(async () => {
  await server.close();
});

interface Device {
  readonly runtime: Runtime;
  readonly facts: string[];
}

function device(name: string, store = ':memory:'): Device {
  const run = httpHandler({
    ...{ baseUrl: server.url, method: 'PUT', path: 'plans/{entity.id}', metaField: 'holdfast' },
  });
  const runtime = createRuntime({
    ...(store === ':memory:' ? { store } : { store, key: rawKey(new Uint8Array(32).fill(7)) }),
    device: name,
    upstreams: { records: { retry: { initialDelayMs: 10, delayMsMax: 50 } } },
    handlers: { 'plans.put': { upstream: 'records', run, conflicts: true } },
    onError: () => undefined,
  });
  onTestFinished(() => runtime.close({ deadlineMs: 0 }));
  const facts: string[] = [];
  runtime.subscribe((fact) => {
    if (fact.kind.startsWith('conflict.')) facts.push(fact.kind);
  });
  return { runtime, facts };
}

async function edit({ runtime }: Device, change: object, base?: Json): Promise<void> {
  const known = await runtime.entities.get(ENTITY);
  const of = base ?? (known?.base as unknown as Json);
  const operation = await runtime.sync({
    ...{ type: 'plans.put', subject: 'user-42', entity: ENTITY },
    payload: { ...(known?.value as object | null), ...change },
    ...(known === null ? {} : { base: of }),
  });
  expect((await operation.outcome).status).toBe('completed');
}

/** Takes what the upstream holds now. */
async function pull({ runtime }: Device): Promise<void> {
  const held = server.get('/plans/p1');
  const { holdfast: meta, ...value } = (held?.value ?? {}) as { readonly [name: string]: Json };
  const version = held?.version ?? null;
  await runtime.remoteChange({ entity: ENTITY, subject: 'user-42', value, version, meta });
}

async function listed({ runtime }: Device, filter = {}): Promise<readonly Conflict[]> {
  const found: Conflict[] = [];
  for await (const conflict of runtime.conflicts.list(filter)) found.push(conflict);
  return found;
}

const note = (): unknown => (server.get('/plans/p1')?.value as { note?: unknown } | null)?.note;
const asks = (): string =>
  JSON.stringify((server.get('/plans/p1')?.value as { holdfast?: object } | null)?.holdfast ?? {});

/** The gateway has written; the phone meets that with its own word, which stands. */
async function met(store?: string) {
  const [gateway, phone, tablet] = [device('gateway', store), device('phone'), device('tablet')];
  await edit(gateway, { emergencyContacts: [mom], note: '' });
  for (const one of [phone, tablet]) await pull(one);
  await edit(gateway, { note: GATEWAY });
  await edit(phone, { note: PHONE });
  expect(note()).toBe(PHONE);
  const [asked] = await listed(phone);
  if (asked === undefined) throw new Error('Nobody is asked.');
  return { gateway, phone, tablet, asked };
}

describe('CF-6 a question about what two devices wrote', () => {
  test('CF-6 an edit of another device that has both words settles it, on each device', async () => {
    const { gateway, phone, tablet, asked } = await met();
    for (const one of [gateway, tablet]) await pull(one);
    // Leaves it alone, so it is asked still.
    await edit(tablet, { more: 'else' });
    await pull(gateway);
    expect(await listed(gateway)).toMatchObject([{ id: asked.id }]);
    await edit(gateway, { note: `${PHONE}; ${GATEWAY}` });
    for (const one of [phone, tablet]) await pull(one);
    for (const one of [gateway, phone, tablet]) expect(await listed(one)).toEqual([]);
    expect(note()).toBe(`${PHONE}; ${GATEWAY}`);
    const about = await gateway.runtime.conflicts.show(asked.id);
    const lost = about.audit.flatMap((entry) => entry.lost.map(({ value }) => value));
    expect(lost).toEqual(expect.arrayContaining([GATEWAY, PHONE]));
  });

  test('CF-6 is listed on each device of the record, and who wrote what is displaced is told', async () => {
    const { gateway, phone, tablet, asked } = await met();
    expect(phone.facts).not.toContain('conflict.displaced');
    for (const one of [gateway, tablet]) {
      await pull(one);
      expect(await listed(one)).toMatchObject([
        { id: asked.id, state: 'awaitingReview', reason: 'elsewhere', questions: 1, isHeld: false },
      ]);
      expect((await one.runtime.entities.get(ENTITY))?.inReview).toBe(true);
      expect(one.runtime.getHealthStatus().conflicts.count).toBe(1);
    }
    expect(gateway.facts).toContain('conflict.displaced');
    expect(tablet.facts).not.toContain('conflict.displaced');
    const { asked: questions, carried } = await gateway.runtime.conflicts.show(asked.id);
    expect(questions).toMatchObject([{ path: '/note', stands: PHONE }]);
    expect(questions[0]?.alternatives).toMatchObject([
      { value: GATEWAY, who: expect.stringMatching(/^gateway/) },
      { value: PHONE, who: expect.stringMatching(/^phone/) },
    ]);
    expect(carried).toMatchObject({ by: expect.stringMatching(/^phone/) });
  });

  test('CF-6 CF-7 what was missing is removed by its person, which answers the question', async () => {
    const phone = device('phone');
    const dan = { id: 'dan', name: 'Dan', phones: ['+49 30 2222222'] };
    await edit(phone, { emergencyContacts: [mom, dan] });
    await edit(phone, { emergencyContacts: [mom] });
    expect(await listed(phone)).toHaveLength(1);
    const known = await phone.runtime.entities.get(ENTITY);
    expect(known?.value).toEqual({ emergencyContacts: [mom, dan] });
    const removing = await phone.runtime.sync({
      ...{ type: 'plans.put', subject: 'user-42', entity: ENTITY, base: known?.base },
      payload: { emergencyContacts: [mom] },
      removals: [{ path: '/emergencyContacts/dan', confirmed: true, by: 'user-42', at: 1 }],
    });
    expect((await removing.outcome).status).toBe('completed');
    expect(server.get('/plans/p1')?.value).toMatchObject({ emergencyContacts: [mom] });
    expect(await listed(phone)).toEqual([]);
  });

  test('CF-6 SE-5 its words do not travel: the metadata has ids, paths and devices', async () => {
    const { asked } = await met();
    expect(asks()).toContain(asked.id);
    expect(asks()).toContain('/note');
    for (const word of ['medication', 'feeling', 'user-42']) expect(asks()).not.toContain(word);
  });

  test('CF-6 is decided by whoever lost, and that closes it everywhere', async () => {
    const { gateway, phone, tablet, asked } = await met();
    for (const one of [gateway, tablet]) await pull(one);
    await gateway.runtime.conflicts.resolve(asked.id, { ...ANA, choices: { 1: { take: 1 } } });
    await vi.waitFor(() => {
      expect(note()).toBe(GATEWAY);
    }, HANGS_AFTER_MS);
    expect(asks()).not.toContain(asked.id);
    for (const one of [phone, tablet]) {
      await pull(one);
      expect(await listed(one)).toEqual([]);
      expect(one.facts).toContain('conflict.resolved');
      expect(one.runtime.getHealthStatus().conflicts.count).toBe(0);
      expect((await one.runtime.entities.get(ENTITY))?.inReview).toBe(false);
    }
    expect(await listed(gateway)).toEqual([]);
  });

  test('CF-6 a decision that leaves what stands closes it everywhere, too', async () => {
    const { gateway, phone, tablet, asked } = await met();
    for (const one of [gateway, tablet]) await pull(one);
    await phone.runtime.conflicts.resolve(asked.id, { ...ANA, choices: { 1: { take: 0 } } });
    await vi.waitFor(() => {
      expect(asks()).not.toContain(asked.id);
    }, HANGS_AFTER_MS);
    expect(note()).toBe(PHONE);
    for (const one of [gateway, tablet]) {
      await pull(one);
      expect(await listed(one)).toEqual([]);
    }
    // What was displaced is kept as long as what is over is.
    const { sides } = await gateway.runtime.conflicts.show(asked.id);
    expect(JSON.stringify(sides)).toContain(GATEWAY);
  });

  test('CF-6 edits of others carry it on until it is decided', async () => {
    const { gateway, phone, tablet, asked } = await met();
    await pull(tablet);
    await edit(tablet, { reasonsForLiving: 'the dog' });
    expect(asks()).toContain(asked.id);
    await pull(phone);
    expect(await listed(phone)).toMatchObject([{ id: asked.id }]);
    // The gateway hears of it by its own next edit.
    await edit(gateway, { copingSteps: [{ id: 's1', text: 'walk' }] });
    expect(await listed(gateway)).toMatchObject([{ id: asked.id }]);
    expect(gateway.facts).toContain('conflict.displaced');
    expect(asks()).toContain(asked.id);
  });

  test('CF-6 two decisions made apart are asked again, also where one leaves what stands', async () => {
    const { gateway, phone, asked } = await met();
    await pull(gateway);
    server.startOutage(400);
    await phone.runtime.conflicts.resolve(asked.id, { ...ANA, choices: { 1: { take: 0 } } });
    await gateway.runtime.conflicts.resolve(asked.id, { ...ANA, choices: { 1: { take: 1 } } });
    await vi.waitFor(
      async () => {
        for (const one of [gateway, phone]) {
          await pull(one);
          const open = await listed(one);
          expect(open.map(({ questions }) => questions)).toEqual([1]);
        }
      },
      { timeout: HANGS_AFTER_MS, interval: 50 },
    );
    const [again] = await listed(gateway);
    expect(await listed(phone)).toMatchObject([{ id: again?.id }]);
    expect(again?.id).not.toBe(asked.id);
  });

  test('CF-6 SE-1 what was displaced is kept over a kill, sealed, and not forgotten by the way', async () => {
    const store = tempFolder();
    const { gateway, asked } = await met(store);
    await pull(gateway);
    await gateway.runtime.close({ deadlineMs: 0 });
    const again = device('gateway', store);
    const { asked: questions } = await again.runtime.conflicts.show(asked.id);
    expect(questions[0]?.alternatives[0]?.value).toBe(GATEWAY);
    expect((await again.runtime.entities.get(ENTITY))?.inReview).toBe(true);
    const forgetting = again.runtime.entities.forget(ENTITY);
    await expect(forgetting).rejects.toMatchObject({ code: 'HF_ENTITY_IN_USE' });
  });

  test('CF-6 SE-5 a device that has none of its words can forget the record', async () => {
    const { tablet, asked } = await met();
    const stranger = device('stranger');
    await pull(stranger);
    expect(await listed(stranger)).toMatchObject([{ id: asked.id }]);
    expect(await stranger.runtime.entities.forget(ENTITY)).toBe(true);
    expect(await listed(stranger, { all: true })).toEqual([]);
    expect(stranger.runtime.getHealthStatus().conflicts.count).toBe(0);
    expect(tablet.facts).not.toContain('conflict.displaced');
  });
});
