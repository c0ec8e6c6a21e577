import { describe, expect, test } from 'vitest';
import { entityKey } from '../../../machines/operation/keys.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { createWorld, type World } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const DAY_MS = 86_400_000;
const SETTINGS = { type: 'preferences', id: 'p-1' } as const;
/** Goes out while a person is asked. */
const PLAN = { type: 'crisis_plan', id: 'p-1' } as const;
/** Waits for the person: nobody has declared it. */
const RECIPE = { type: 'recipe', id: 'p-1' } as const;
const KEY = { room: 'entity', key: entityKey(SETTINGS) ?? '' } as const;
const BEGUN = { theme: 'light', fontSize: 12 };
const BASE = { version: '"1"', value: BEGUN };

function edit(payload: Json, entity: { type: string; id: string } = SETTINGS, base: Json = BASE) {
  return { type: 'records.put', subject: 'user-42', entity, payload, base } as const;
}

function bootOn(world: World, upstream: RecordUpstream) {
  return world.boot({ device: 'phone', handlers: { 'records.put': upstream.handler() } });
}

/** A process that has heard of the record, which others know too. */
async function heard(entity: { type: string; id: string } = SETTINGS) {
  const world = createWorld();
  const upstream = new RecordUpstream();
  upstream.put('p-1', BEGUN);
  const process = bootOn(world, upstream);
  const { runtime } = process;
  const change = { entity, subject: 'user-42', value: BEGUN, version: '"1"' };
  await world.clock.run(runtime.remoteChange(change));
  return { world, upstream, change, ...process };
}

async function conflictsOf({ clock }: World, runtime: Runtime) {
  return await clock.run(
    (async () => {
      const found = [];
      for await (const one of runtime.conflicts.list({ all: true })) found.push(one);
      return found;
    })(),
  );
}

/** An edit that was made, and the process with it; back after so long, with the upstream a minute later. */
async function awayFor(
  days: number,
  meanwhile: (world: World, upstream: RecordUpstream) => Promise<void>,
  request: (nowMs: number) => SyncRequest = () => edit({ ...BEGUN, theme: 'dark' }),
) {
  const { world, upstream, runtime, kill } = await heard();
  upstream.isDown = true;
  await world.clock.run(runtime.sync(request(world.clock.now())));
  await world.clock.advance(1_000);
  kill();
  upstream.put('p-1', { ...BEGUN, fontSize: 14 });
  await world.clock.advance(days * DAY_MS);
  await meanwhile(world, upstream);
  const back = bootOn(world, upstream);
  await world.clock.run(back.runtime.ready);
  await world.clock.advance(60_000);
  const kept = await world.disk.kept(KEY);
  upstream.isDown = false;
  await world.clock.advance(3_600_000);
  return { world, upstream, kept, ...back };
}

test.each([1.5, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE])(
  'CF-7 what is known of a record is kept where a device may be silent for %d ms',
  async (silentMaxMs) => {
    const world = createWorld();
    const upstream = new RecordUpstream();
    const handlers = { 'records.put': upstream.handler({ silentMaxMs }) };
    const { runtime } = world.boot({ device: 'phone', handlers });
    const change = { entity: SETTINGS, subject: 'user-42', value: BEGUN, version: '"1"' };
    expect(await world.clock.run(runtime.remoteChange(change))).toMatchObject({ status: 'taken' });
    const kept = await world.disk.kept(KEY);
    expect(kept).toMatchObject({ keepUntilMs: expect.toSatisfy(Number.isSafeInteger) as number });
    await world.clock.run(runtime.close());
  },
);

describe('what is known of a record', () => {
  test('CF-7 SE-5 is purged once it was not heard of for as long as a device may be silent', async () => {
    const { world, runtime, change, errors } = await heard();
    await world.clock.advance(300 * DAY_MS);
    await world.clock.run(runtime.remoteChange(change));
    await world.clock.advance(399 * DAY_MS);
    expect(await world.clock.run(runtime.entities.get(SETTINGS))).not.toBeNull();
    await world.clock.advance(2 * DAY_MS);
    expect(await world.clock.run(runtime.entities.get(SETTINGS))).toBeNull();
    expect(await world.disk.keptCounts()).toMatchObject({ entity: 0 });
    expect(errors).toEqual([]);
    await world.clock.run(runtime.close());
  });

  test('CF-7 stays while an edit of it waits, and a person is asked after so long', async () => {
    const { world, upstream, runtime, kept } = await awayFor(401, async () => undefined);
    expect(kept).toMatchObject({ room: 'entity' });
    expect(upstream.value('p-1')).toEqual({ ...BEGUN, fontSize: 14 });
    expect(await conflictsOf(world, runtime)).toMatchObject([
      { state: 'awaitingReview', reason: 'silent' },
    ]);
    await world.clock.run(runtime.close());
  });

  test('CF-7 a person is asked also where it is gone all the same', async () => {
    const { world, upstream, runtime, kept } = await awayFor(401, async ({ disk }) => {
      await disk.commit([{ kind: 'keep', ...KEY, text: null }]);
    });
    expect(kept).toBeNull();
    expect(upstream.value('p-1')).toEqual({ ...BEGUN, fontSize: 14 });
    expect(await conflictsOf(world, runtime)).toMatchObject([
      { state: 'awaitingReview', reason: 'silent' },
    ]);
    await world.clock.run(runtime.close());
  });

  test('CF-7 so a record that others have removed meanwhile is not made again unasked', async () => {
    const { base: _, ...request } = edit({ ...BEGUN, theme: 'dark' });
    const forgotten = async ({ disk }: World, there: RecordUpstream): Promise<void> => {
      there.remove('p-1');
      await disk.commit([{ kind: 'keep', ...KEY, text: null }]);
    };
    const { world, upstream, runtime } = await awayFor(401, forgotten, (nowMs) => ({
      ...request,
      // It was compared with nothing before.
      startAtMs: nowMs + DAY_MS,
    }));
    expect(upstream.writes).toEqual([]);
    expect(await conflictsOf(world, runtime)).toMatchObject([
      { state: 'awaitingReview', reason: 'silent' },
    ]);
    await world.clock.run(runtime.close());
  });

  test('CF-7 an edit of the time in which a device may be silent is merged, known or not', async () => {
    const { world, upstream, runtime } = await awayFor(399, async ({ disk }) => {
      await disk.commit([{ kind: 'keep', ...KEY, text: null }]);
    });
    expect(upstream.value('p-1')).toEqual({ theme: 'dark', fontSize: 14 });
    await world.clock.run(runtime.close());
  });

  test('CF-7 a device that returns after that starts afresh', async () => {
    const { world, upstream, runtime } = await heard();
    await world.clock.advance(401 * DAY_MS);
    upstream.put('p-1', { ...BEGUN, fontSize: 14 });
    const value = { ...BEGUN, fontSize: 14 };
    const change = { entity: SETTINGS, subject: 'user-42', value, version: '"2"' };
    const { status, base } = await world.clock.run(runtime.remoteChange(change));
    expect(status).toBe('taken');
    const operation = await world.clock.run(
      runtime.sync(edit({ ...value, theme: 'dark' }, SETTINGS, { ...base })),
    );
    expect(await world.clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    expect(upstream.value('p-1')).toEqual({ theme: 'dark', fontSize: 14 });
    await world.clock.run(runtime.close());
  });
});

describe('forgetting a record', () => {
  test('SE-5 erases what is known of it, once; it begins anew with what is heard then', async () => {
    const { world, runtime, change } = await heard();
    const other = { ...change, entity: { ...SETTINGS, id: 'p-2' } };
    await world.clock.run(runtime.remoteChange(other));
    expect(await world.clock.run(runtime.entities.forget(SETTINGS))).toBe(true);
    expect(await world.clock.run(runtime.entities.get(SETTINGS))).toBeNull();
    expect(await world.disk.kept(KEY)).toBeNull();
    expect(await world.clock.run(runtime.entities.forget(SETTINGS))).toBe(false);
    expect(await world.clock.run(runtime.entities.get(other.entity))).not.toBeNull();
    expect(await world.clock.run(runtime.remoteChange(change))).toMatchObject({ status: 'taken' });
    await world.clock.run(runtime.close());
  });

  test('SE-5 CF-1 erases its decided conflicts, and an edit of what was shown before is still held to it', async () => {
    const { world, upstream, runtime } = await heard();
    upstream.put('p-1', { ...BEGUN, fontSize: 14 });
    const operation = await world.clock.run(runtime.sync(edit({ ...BEGUN, theme: 'dark' })));
    await world.clock.run(operation.outcome);
    expect(await conflictsOf(world, runtime)).toHaveLength(1);
    expect(await world.clock.run(runtime.entities.forget(SETTINGS))).toBe(true);
    expect(await conflictsOf(world, runtime)).toEqual([]);
    expect(await world.disk.keptCounts()).toMatchObject({ entity: 0, conflict: 0 });
    const later = await world.clock.run(runtime.sync(edit({ ...BEGUN, language: 'en' })));
    expect(await world.clock.run(later.outcome)).toMatchObject({ status: 'completed' });
    expect(upstream.value('p-1')).toEqual({ theme: 'dark', fontSize: 14, language: 'en' });
    await world.clock.run(runtime.close());
  });

  test('SE-5 is refused while an edit of it waits, and nothing is erased', async () => {
    const { world, upstream, runtime } = await heard();
    upstream.isDown = true;
    const operation = await world.clock.run(runtime.sync(edit({ ...BEGUN, theme: 'dark' })));
    await expect(world.clock.run(runtime.entities.forget(SETTINGS))).rejects.toMatchObject({
      code: 'HF_ENTITY_IN_USE',
      retry: 'later',
      message: expect.stringContaining(operation.id) as string,
    });
    expect(await world.disk.kept(KEY)).not.toBeNull();
    await world.clock.run(operation.cancel());
    expect(await world.clock.run(runtime.entities.forget(SETTINGS))).toBe(true);
    await world.clock.run(runtime.close());
  });

  test('SE-5 is refused while a person is asked, held or not', async () => {
    for (const entity of [PLAN, RECIPE]) {
      const { world, upstream, runtime } = await heard(entity);
      upstream.put('p-1', { ...BEGUN, note: 'theirs' });
      await world.clock.run(runtime.sync(edit({ ...BEGUN, note: 'ours' }, entity)));
      await world.clock.advance(60_000);
      const [asked] = await conflictsOf(world, runtime);
      expect(asked).toMatchObject({ state: 'awaitingReview' });
      const forgetting = world.clock.run(runtime.entities.forget(entity));
      await expect(forgetting).rejects.toMatchObject({ code: 'HF_ENTITY_IN_USE' });
      const by = { id: 'nurse-7', role: 'nurse' };
      await world.clock.run(runtime.conflicts.resolve(asked?.id ?? '', { by, value: BEGUN }));
      await world.clock.advance(60_000);
      expect(await world.clock.run(runtime.entities.forget(entity))).toBe(true);
      expect(await conflictsOf(world, runtime)).toEqual([]);
      await world.clock.run(runtime.close());
    }
  });

  test('SE-5 what is no entity is refused', async () => {
    const { world, runtime } = await heard();
    const forgetting = world.clock.run(runtime.entities.forget({ type: '', id: 'p-1' }));
    await expect(forgetting).rejects.toMatchObject({ code: 'HF_REQUEST_INVALID' });
    await world.clock.run(runtime.close());
  });
});
