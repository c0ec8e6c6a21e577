/** Edits that were made apart: on one version by its tag alone, or on none, from windows, people and clients. */

import { describe, expect, onTestFinished, test } from 'vitest';
import type { EditBase } from '../../machines/vocabulary/record.ts';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';
import { rawKey } from '../../persistence/sealing/keySource.ts';
import { connect } from '../../src/connect.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import type { Operation } from '../../src/operation.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { type RecordServer, startRecordServer } from '../../src/testing/recordServer.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

async function started(): Promise<RecordServer> {
  const server = await startRecordServer({ lifeMs: 60_000, requireConditions: true });
  onTestFinished(async () => {
    await server.close();
  });
  return server;
}

function runtimeAt({ url }: RecordServer, options: Partial<RuntimeOptions> = {}): Runtime {
  const run = httpHandler({
    ...{ baseUrl: url, method: 'PUT', path: '{entity.type}/{entity.id}' },
    metaField: 'holdfast',
  });
  const runtime = createRuntime({
    store: ':memory:',
    device: 'gateway',
    upstreams: { records: { attemptTimeoutMs: 5_000 } },
    handlers: { 'records.put': { upstream: 'records', run, conflicts: true } },
    // Few attempts fall into an outage, so that no breaker opens for long.
    policies: { tiers: { premium: { retry: { initialDelayMs: 80, delayMsMax: 120 } } } },
    ...options,
  });
  onTestFinished(async () => {
    await runtime.close({ deadlineMs: 0 });
  });
  return runtime;
}

/** What two people make of one record, each without the other's words, and what must be there of both in the end. */
interface Pair {
  readonly type: string;
  readonly shown: JsonObject;
  readonly first: JsonObject;
  readonly second: JsonObject;
  /** What the upstream holds then. */
  readonly holds: (value: JsonObject) => boolean;
}

const PHQ_9 = { id: 'p1', instrument: 'PHQ-9', version: '1', status: 'in-progress' } as const;

const PAIRS: readonly Pair[] = [
  {
    type: 'mood_entry',
    shown: { id: 'p1', note: 'Monday.', tags: [] },
    first: { id: 'p1', note: 'Monday.\nThought of harming myself.', tags: [] },
    second: { id: 'p1', note: 'Monday.\nA walk helped.', tags: [] },
    holds: (value) => {
      const text = JSON.stringify(value['note']);
      return text.includes('Thought of harming myself.') && text.includes('A walk helped.');
    },
  },
  {
    type: 'assessment',
    shown: { ...PHQ_9, answers: { q1: 1 } },
    first: { ...PHQ_9, answers: { q1: 1, q9: 3 }, riskFlag: true },
    second: { ...PHQ_9, answers: { q1: 2, q9: 0 } },
    holds: ({ answers, riskFlag }) => Object(answers)['q9'] === 3 && riskFlag === true,
  },
  {
    type: 'preferences',
    shown: { consents: { research: true }, theme: 'a' },
    first: { consents: { research: false }, theme: 'a' },
    second: { consents: { research: true }, theme: 'b' },
    holds: ({ consents, theme }) => Object(consents)['research'] === false && theme === 'b',
  },
];

function request({ type }: Pair, payload: Json, base?: Json) {
  return {
    type: 'records.put',
    subject: 'user-42',
    tier: 'premium',
    entity: { type, id: 'p1' },
    payload,
    ...(base === undefined ? {} : { base }),
  } as const;
}

function valueAt(server: RecordServer, { type }: Pick<Pair, 'type'>): JsonObject {
  return Object(server.get(`/${type}/p1`)?.value) as JsonObject;
}

const NO_RECORD = { version: null, value: null } as const;

/** A note, its tags (one that goes is taken out by not being there) and a setting. */
const MOOD = { type: 'mood_entry', id: 'p1' } as const;
const note = (text: string, ...tags: string[]) => ({ id: 'p1', note: text, tags });
const mood = (payload: Json, base?: Json | EditBase) => ({
  ...({ type: 'records.put', subject: 'user-42', tier: 'premium', entity: MOOD, payload } as const),
  ...(base === undefined ? {} : { base }),
});

async function open(runtime: Pick<Runtime, 'conflicts'>): Promise<number> {
  let count = 0;
  for await (const { questions } of runtime.conflicts.list()) count += questions;
  return count;
}

describe('an edit that is made of another', () => {
  test.each([['while the upstream answers'], ['while the network is away'], ['by a client']])(
    'CF-1 on the base that sync() gave, %s, is its successor with all that it leaves out',
    async (how) => {
      const server = await started();
      const store = tempFolder();
      const isByClient = how === 'by a client';
      const key = rawKey(Buffer.alloc(32, 7));
      const runtime = runtimeAt(server, isByClient ? { store, key } : {});
      await runtime.ready;
      const client = isByClient ? await connect({ store }) : null;
      const app = client ?? runtime;
      try {
        if (how === 'while the network is away') server.startOutage(150);
        const first = await app.sync(mood(note('Tired. Alone.', 'tired', 'alone')));
        expect(first.base).toEqual({
          version: null,
          value: note('Tired. Alone.', 'tired', 'alone'),
          edit: first.id,
        });
        if (how === 'while the upstream answers') await first.outcome;
        const second = await app.sync(mood(note('Tired.', 'tired'), first.base));
        const third = await app.sync(mood(note('Rested.', 'rested'), second.base));
        for (const { outcome } of [first, second, third]) {
          expect((await outcome).status).toBe('completed');
        }
        expect(valueAt(server, MOOD)).toMatchObject(note('Rested.', 'rested'));
        expect(await open(runtime)).toBe(0);
        expect(server.broken()).toEqual([]);
      } finally {
        await client?.close();
      }
    },
  );

  test('CF-1 its base keeps the version of the one before it, and somebody else who was faster stays in it', async () => {
    const server = await started();
    const runtime = runtimeAt(server);
    const shown = note('Monday.', 'm');
    const base = { version: server.put('/mood_entry/p1', shown), value: shown };
    server.put('/mood_entry/p1', note('Monday.', 'm', 'tablet'));
    const first = await runtime.sync(mood(note('Monday.\nSlept badly.', 'm', 'phone'), base));
    expect(first.base?.version).toBe(base.version);
    const second = await runtime.sync(mood(note('Monday.', 'phone'), first.base));
    for (const { outcome } of [first, second]) expect((await outcome).status).toBe('completed');
    const { note: text, tags } = valueAt(server, MOOD);
    expect([text, tags]).toEqual(['Monday.', expect.toSatisfy(isOf('phone', 'tablet'))]);
    expect(await open(runtime)).toBe(0);
  });

  test('CF-1 on the base of entities.get() is the successor of the one that waits and is shown', async () => {
    const server = await started();
    const runtime = runtimeAt(server);
    await runtime.ready;
    server.startOutage(150);
    const first = await runtime.sync(mood(note('Tired.', 'tired', 'alone')));
    const view = await runtime.entities.get(MOOD);
    expect(view).toMatchObject({ waiting: 1, base: { edit: first.id, value: view?.value } });
    const second = await runtime.sync(mood(note('Rested.', 'tired'), view?.base));
    for (const { outcome } of [first, second]) expect((await outcome).status).toBe('completed');
    expect(valueAt(server, MOOD)).toMatchObject(note('Rested.', 'tired'));
    expect(await open(runtime)).toBe(0);
    expect((await runtime.entities.get(MOOD))?.base).not.toHaveProperty('edit');
  });

  test('CF-1 with all of the one before it needs no base to be its successor', async () => {
    const server = await started();
    const runtime = runtimeAt(server);
    const first = await runtime.sync(mood(note('Tired.', 'tired')));
    await first.outcome;
    const second = await runtime.sync(mood(note('Tired.', 'tired', 'alone')));
    expect((await second.outcome).status).toBe('completed');
    expect(valueAt(server, MOOD)).toMatchObject(note('Tired.', 'tired', 'alone'));
    expect(await open(runtime)).toBe(0);
  });

  test('CF-1 entities.get() shows what two that were made apart come to, before they are sent', async () => {
    const server = await started();
    const runtime = runtimeAt(server);
    const version = server.put('/mood_entry/p1', note('Monday.', 'm'));
    await runtime.remoteChange({
      ...{ entity: MOOD, subject: 'user-42', version },
      value: note('Monday.', 'm'),
    });
    server.startOutage(150);
    const first = await runtime.sync(mood(note('Monday.\nAt night.', 'm', 'one'), version));
    const second = await runtime.sync(mood(note('Monday.\nAt noon.', 'm', 'two'), version));
    const { value } = (await runtime.entities.get(MOOD)) ?? {};
    for (const { outcome } of [first, second]) expect((await outcome).status).toBe('completed');
    const { holdfast: _, ...sent } = valueAt(server, MOOD);
    expect(sent).toEqual(value);
    expect(sent['tags']).toSatisfy(isOf('m', 'one', 'two'));
    for (const line of ['At night.', 'At noon.']) {
      expect(JSON.stringify(sent['note'])).toContain(line);
    }
  });

  test('CF-1 a handle from elsewhere, and of what is no edit, has no base', async () => {
    const server = await started();
    const run = () => null;
    const runtime = runtimeAt(server, { handlers: { ping: { upstream: 'records', run } } });
    const { entity, ...rest } = mood({});
    const operation = await runtime.sync({ ...rest, entity, type: 'ping' });
    expect(operation.base).toBeUndefined();
    expect(runtime.operations.get(operation.id).base).toBeUndefined();
  });
});

/** Whether a list has exactly these, in any order. */
function isOf(...words: string[]) {
  return (list: unknown): boolean =>
    Array.isArray(list) &&
    list.length === words.length &&
    words.every((word) => list.includes(word));
}

describe.each(PAIRS)('two edits of a $type that were made apart', (pair) => {
  test.each([
    ['its entity tag', '"r1"'],
    ['no base', undefined],
  ])('CF-1 CF-6 on one version, handed over with %s: neither is laid over', async (_, base) => {
    const server = await started();
    const runtime = runtimeAt(server);
    const { entity } = request(pair, null);
    const version = server.put(`/${pair.type}/p1`, pair.shown);
    const heard = { entity, subject: 'user-42', value: pair.shown, version };
    await runtime.remoteChange(heard);
    for (const payload of [pair.first, pair.second]) {
      const edit = await runtime.sync(request(pair, payload, base));
      expect((await edit.outcome).status).toBe('completed');
    }
    expect(valueAt(server, pair)).toSatisfy(pair.holds);
    expect(server.broken()).toEqual([]);
  });

  test.each([
    ['while the upstream answers', false, undefined],
    ['while the network is away', true, undefined],
    ['that say so, while the upstream answers', false, NO_RECORD],
    ['that say so, while the network is away', true, NO_RECORD],
  ])('CF-1 CF-6 first ones of a record that nobody knows, %s', async (_, isAway, base) => {
    const server = await started();
    const runtime = runtimeAt(server);
    if (isAway) server.startOutage(100);
    const first = await runtime.sync(request(pair, pair.first, base));
    if (!isAway) await first.outcome;
    const second = await runtime.sync(request(pair, pair.second, base));
    for (const { outcome } of [first, second]) expect((await outcome).status).toBe('completed');
    expect(valueAt(server, pair)).toSatisfy(pair.holds);
    expect(server.broken()).toEqual([]);
    for await (const { id } of runtime.conflicts.list({ all: true })) {
      const { asked } = await runtime.conflicts.show(id);
      expect(asked.map(({ reason }) => reason)).not.toContain('the upstream has it no more');
    }
  });

  test('CF-1 CF-6 by two clients with the entity tag that both were shown', async () => {
    const server = await started();
    const store = tempFolder();
    const runtime = runtimeAt(server, { store, key: rawKey(Buffer.alloc(32, 7)) });
    await runtime.ready;
    const version = server.put(`/${pair.type}/p1`, pair.shown);
    const clients = [await connect({ store }), await connect({ store })];
    const edits: Operation[] = [];
    try {
      for (const [at, payload] of [pair.first, pair.second].entries()) {
        const edit = await clients[at]?.sync(request(pair, payload, version));
        if (edit !== undefined) edits.push(edit);
      }
      for (const { outcome } of edits) expect((await outcome).status).toBe('completed');
    } finally {
      for (const client of clients) await client.close();
    }
    expect(valueAt(server, pair)).toSatisfy(pair.holds);
    expect(server.broken()).toEqual([]);
  });
});
