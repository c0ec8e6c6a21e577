/** Where conflicts meet the rest: what is shown, kept, told of and ended while something else happens. */

import { describe, expect, test } from 'vitest';
import { conflictFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const HOUR_MS = 3_600_000;

function edit(id: string, payload: Json, base: Json, subject = 'user-42') {
  return {
    type: 'records.put',
    subject,
    tier: 'premium',
    entity: { type: 'preferences', id },
    payload,
    base,
  } as const;
}

async function all<Item>(given: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of given) found.push(item);
  return found;
}

describe('a record that several subjects edit', () => {
  test('CF-1 CF-2 OP-6 is shown with the edits of all of them, wherever they lie', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { a: 0, b: 0 });
    const world = createWorld();
    const options = { device: 'phone', handlers: { 'records.put': upstream.handler() } };
    const first = world.boot(options);
    const { runtime } = first;
    const entity = { type: 'preferences', id: 'p-1' };
    const known = { a: 0, b: 0 };
    await world.clock.run(
      runtime.remoteChange({ entity, subject: 'patient', value: known, version: '"1"' }),
    );
    runtime.upstream('default').forceOpen('offline');
    const base = { version: '"1"', value: known };
    await world.clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 }, base, 'carer')));
    await world.clock.advance(1_000);
    first.kill();
    const { runtime: second } = world.boot(options);
    second.upstream('default').forceOpen('offline');
    await world.clock.run(second.ready);
    await world.clock.advance(1_000);
    const view = await world.clock.run(second.entities.get(entity));
    expect(view).toMatchObject({ value: { a: 1, b: 0 }, waiting: 1 });
    await world.clock.run(second.close());
  });
});

describe('news of a record', () => {
  test('CF-1 CF-2 that come while an edit is on its way are what is known after it', async () => {
    const upstream = new RecordUpstream();
    upstream.keepsMeta = false;
    upstream.put('p-1', { a: 0, b: 0 });
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      device: 'phone',
      handlers: { 'records.put': upstream.handler() },
    });
    const entity = { type: 'preferences', id: 'p-1' };
    const later = { entity, subject: 'user-42', value: { a: 1, b: 7 }, version: '"3"' };
    upstream.afterWrite = async () => {
      upstream.put('p-1', later.value);
      await runtime.remoteChange(later);
    };
    const base = { version: '"1"', value: { a: 0, b: 0 } };
    const { outcome } = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 }, base)));
    expect((await clock.run(outcome)).status).toBe('completed');
    expect((await clock.run(runtime.entities.get(entity)))?.value).toEqual({ a: 1, b: 7 });
    expect((await clock.run(runtime.remoteChange(later))).status).toBe('known');
    await clock.run(runtime.close());
  });
});

describe('what was merged', () => {
  test('CF-6 can be looked at for as long as operations are, however long it waited', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { theme: 'light' });
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      device: 'phone',
      retentionMs: HOUR_MS,
      handlers: { 'records.put': upstream.handler() },
    });
    upstream.put(
      'p-1',
      { theme: 'blue' },
      { vv: { tablet: 1 }, actor: 'tablet', hlc: { ms: clock.now() + 60_000, c: 0 } },
    );
    upstream.beforeRead = () => {
      upstream.beforeRead = () => undefined;
      runtime.upstream('default').forceOpen('maintenance');
      throw new Error('Busy.');
    };
    const base = { version: '"1"', value: { theme: 'light' } };
    const { outcome } = await clock.run(runtime.sync(edit('p-1', { theme: 'dark' }, base)));
    await clock.advance(3 * HOUR_MS);
    runtime.upstream('default').release();
    expect((await clock.run(outcome)).status).toBe('completed');
    await clock.advance(HOUR_MS / 2);
    expect(await clock.run(all(runtime.conflicts.list({ all: true })))).toHaveLength(1);
    await clock.run(runtime.close());
  });
});

describe('an edit that is taken back', () => {
  test('CF-6 HM-1 while the question about it is kept leaves none', async () => {
    const upstream = new RecordUpstream();
    upstream.put('p-1', { title: 'Soup' });
    upstream.put('p-1', { title: 'Stew' });
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({
      device: 'phone',
      handlers: { 'records.put': upstream.handler() },
    });
    const operation = await clock.run(
      runtime.sync({
        ...edit('p-1', { title: 'Broth' }, { version: '"1"', value: { title: 'Soup' } }),
        entity: { type: 'recipe', id: 'p-1' },
      }),
    );
    const kept = store.kept.bind(store);
    Object.assign(store, {
      kept: async (query: Parameters<typeof kept>[0]) => {
        const found = await kept(query);
        if (query.room === 'conflict' && upstream.reads > 0) void operation.cancel();
        return found;
      },
    });
    expect((await clock.run(operation.outcome)).status).toBe('cancelled');
    await clock.advance(1_000);
    expect(runtime.getHealthStatus().conflicts?.count ?? 0).toBe(0);
    expect(await clock.run(all(runtime.conflicts.list({})))).toEqual([]);
    await clock.run(runtime.close());
  });
});

describe('an upstream that names no version of what it holds', () => {
  test('CF-1 is written over by nobody: the edit ends among the dead letters, which say why', async () => {
    const upstream = new RecordUpstream();
    upstream.keepsMeta = false;
    upstream.put('p-1', { a: 0, b: 0 });
    upstream.put('p-1', { a: 0, b: 5 });
    const { clock, boot } = createWorld();
    const fetchCurrent = () => ({ version: null, value: upstream.value('p-1') ?? null });
    const { runtime } = boot({
      device: 'phone',
      handlers: { 'records.put': upstream.handler({ fetchCurrent }) },
    });
    // Another device is faster than what was merged with what was there before.
    upstream.beforeWrite = () => {
      if (upstream.writes.length === 1) upstream.put('p-1', { a: 0, b: 7 });
    };
    const base = { version: '"1"', value: { a: 0, b: 0 } };
    const { outcome } = await clock.run(runtime.sync(edit('p-1', { a: 1, b: 0 }, base)));
    expect(await clock.run(outcome)).toMatchObject({
      status: 'deadLettered',
      error: { message: expect.stringContaining('version') as string },
    });
    expect(upstream.value('p-1')).toMatchObject({ b: 5 });
    await clock.run(runtime.close());
  });
});

describe('an upstream that gives tags and refuses each of them', () => {
  async function edits(upstream: RecordUpstream, handler = upstream.handler()) {
    upstream.put('p-1', { note: 'before' });
    const { clock, boot } = createWorld();
    const { runtime } = boot({ device: 'phone', handlers: { 'records.put': handler } });
    const request = {
      ...edit('p-1', { note: 'mine' }, { version: '"1"', value: { note: 'before' } }),
      entity: { type: 'crisis_plan', id: 'p-1' },
    };
    const { outcome } = await clock.run(runtime.sync(request));
    return { clock, runtime, outcome };
  }

  test('CF-8 is named as one whose tags never match, after two refusals of the version just read', async () => {
    const upstream = new RecordUpstream();
    upstream.beforeWrite = () => {
      refusals += 1;
      throw conflictFailure('The tag is another.', { status: 412 });
    };
    let refusals = 0;
    const { clock, runtime, outcome } = await edits(upstream);
    expect(await clock.run(outcome)).toMatchObject({
      status: 'deadLettered',
      error: { message: expect.stringContaining('never match') as string },
    });
    // The version was not known here, so it was read before the first, too.
    expect(refusals).toBe(2);
    expect(await clock.run(all(runtime.conflicts.list({})))).toEqual([]);
    await clock.run(runtime.close());
  });

  test('CF-8 one that only shows what is over for some seconds is waited for', async () => {
    const upstream = new RecordUpstream();
    upstream.beforeWrite = () => {
      upstream.beforeWrite = () => undefined;
      upstream.put('p-1', { note: 'theirs' });
    };
    let reads = 0;
    const { clock, runtime, outcome } = await edits(
      upstream,
      upstream.handler({
        fetchCurrent: () => {
          reads += 1;
          return reads < 3
            ? { version: '"1"', value: { note: 'before' } }
            : { version: '"2"', value: { note: 'theirs' } };
        },
      }),
    );
    expect((await clock.run(outcome)).status).toBe('completed');
    expect(reads).toBe(3);
    expect(upstream.records.get('p-1')?.version).toBe(3);
    await clock.run(runtime.close());
  });
});
