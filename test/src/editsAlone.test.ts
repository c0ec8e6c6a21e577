/** Edits that meet nobody, over a whole runtime in virtual time and an upstream in memory. */

import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { crisisPlan as planSchema } from '../../src/schemas/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { RecordUpstream } from '../support/harness/recordUpstream.ts';

const PLAN = {
  emergencyContacts: [{ id: 'mom', name: 'Mom', phones: ['+49 30 1111111'], relation: 'mother' }],
  medications: [{ id: 'm1', name: 'Sertraline' }],
  note: 'old',
};

function alone(type: string, value: Json, schema?: PayloadSchema) {
  const upstream = new RecordUpstream();
  upstream.put('r-1', value);
  const world = createWorld();
  const handler = { ...upstream.handler(), ...(schema === undefined ? {} : { schema }) };
  const { runtime, errors } = world.boot({ device: 'phone', handlers: { 'records.put': handler } });
  onTestFinished(() => world.clock.run(runtime.close()));
  const request = (payload: unknown, more: Partial<SyncRequest> = {}) =>
    ({
      ...{ type: 'records.put', subject: 'user-42', tier: 'basic', payload },
      ...{ entity: { type, id: 'r-1' }, base: { version: '"1"', value } },
      ...more,
    }) as SyncRequest;
  const sync = async (payload: unknown, more: Partial<SyncRequest> = {}): Promise<string> => {
    const { outcome } = await world.clock.run(runtime.sync(request(payload, more)));
    return (await world.clock.run(outcome)).status;
  };
  const kept = async () => {
    const found = [];
    for await (const one of runtime.conflicts.list({ all: true })) {
      found.push(await runtime.conflicts.show(one.id));
    }
    return found;
  };
  return { upstream, world, runtime, errors, sync, kept: () => world.clock.run(kept()) };
}

describe('CF-7 absent is unknown, though an edit meets nobody', () => {
  test.each<[string, Json, Json]>([
    ['one field alone', { note: 'new' }, { ...PLAN, note: 'new' }],
    ['nothing at all', {}, PLAN],
    [
      'a contact without its number',
      { ...PLAN, emergencyContacts: [{ id: 'mom', name: 'Mama' }] },
      { ...PLAN, emergencyContacts: [{ ...PLAN.emergencyContacts[0], name: 'Mama' }] },
    ],
  ])('CF-7 %s takes nothing out, and asks nobody', async (_, payload, expected) => {
    const { upstream, sync, kept } = alone('crisis_plan', PLAN);
    expect(await sync(payload)).toBe('completed');
    expect(upstream.value('r-1')).toEqual(expected);
    expect(await kept()).toEqual([]);
  });

  test.each<[string, { readonly [name: string]: Json }]>([
    ['assessment', { id: 'r-1', instrument: 'PHQ-9', status: 'draft', answers: { q1: 1, q9: 2 } }],
    ['assessment', { id: 'r-1', instrument: 'PHQ-9', status: 'sent', answers: { q1: 1 } }],
    ['assessment', { id: 'r-1', instrument: 'WHO-5', status: 'completed', answers: { q1: 5 } }],
    ['session', { id: 'r-1', totalMinutes: 30 }],
  ])('CF-6 of the first %s no word is taken out: %j', async (type, value) => {
    const { upstream, sync } = alone(type, null);
    upstream.remove('r-1');
    expect(await sync(value, { base: undefined })).toBe('completed');
    expect(upstream.value('r-1')).toMatchObject(value);
  });

  test('CF-5 a plan in which nobody has been written down yet asks nobody', async () => {
    const { upstream, sync, kept } = alone('crisis_plan', null);
    upstream.remove('r-1');
    expect(await sync({ emergencyContacts: [], note: '' }, { base: undefined })).toBe('completed');
    expect(await kept()).toEqual([]);
  });

  test('CF-7 by a tag alone, of a record that this store does not know, it is read first', async () => {
    const { upstream, sync } = alone('crisis_plan', PLAN);
    expect(await sync({ note: 'new' }, { base: '"1"' })).toBe('completed');
    expect(upstream.reads).toBe(1);
    expect(upstream.writes.map(({ what }) => what)).toEqual(['taken']);
    expect(upstream.value('r-1')).toEqual({ ...PLAN, note: 'new' });
  });

  test('CF-1 CF-7 the base for the next edit has what this one leaves out, but for what it removes', async () => {
    const { upstream, world, runtime } = alone('preferences', {});
    const begun = { locale: 'de', theme: 'dark', size: 'm' };
    upstream.put('r-1', begun);
    const edit = {
      ...({ type: 'records.put', subject: 'user-42', tier: 'basic' } as const),
      entity: { type: 'preferences', id: 'r-1' },
    } as const;
    const removals = [{ path: '/size', confirmed: true, by: 'p-17', at: 1 }];
    const base = { version: '"2"', value: begun };
    const first = await world.clock.run(
      runtime.sync({ ...edit, payload: { locale: 'en' }, base, removals }),
    );
    await world.clock.run(first.outcome);
    const after = { locale: 'en', theme: 'dark', size: null };
    expect(first.base).toEqual({ version: '"2"', value: after, edit: first.id });
    // Somebody else changes what the app has still as it was: its next edit does not write that over.
    upstream.put('r-1', { locale: 'en', theme: 'light' });
    const second = await world.clock.run(
      runtime.sync({ ...edit, payload: { locale: 'fr', theme: 'dark' }, base: first.base }),
    );
    await world.clock.run(second.outcome);
    expect(upstream.value('r-1')).toEqual({ locale: 'fr', theme: 'light' });
  });

  test('CF-1 offline it waits for that, and its own key goes out', async () => {
    const { upstream, world, runtime } = alone('crisis_plan', PLAN);
    upstream.isDown = true;
    const operation = await world.clock.run(
      runtime.sync({
        ...{ type: 'records.put', subject: 'user-42', tier: 'basic', payload: { note: 'new' } },
        ...{ entity: { type: 'crisis_plan', id: 'r-1' }, base: '"1"', idempotencyKey: 'mine' },
      }),
    );
    await world.clock.advance(60_000);
    expect(upstream.value('r-1')).toEqual(PLAN);
    upstream.isDown = false;
    await world.clock.run(operation.outcome);
    expect(upstream.value('r-1')).toEqual({ ...PLAN, note: 'new' });
    expect(upstream.writes.at(-1)?.what).toBe('taken');
    // A round of a merge would have a key of its own.
    expect(upstream.writes.at(-1)?.key).not.toMatch(/-r\d+$/);
  });

  test.each<[Json]>([[null], [[]], ['x'], [0]])(
    'CF-7 %j in place of the record is refused',
    async (payload) => {
      const { upstream, world, sync, runtime } = alone('crisis_plan', PLAN);
      await expect(sync(payload)).rejects.toMatchObject({
        code: 'HF_REQUEST_INVALID',
        field: 'payload',
      });
      expect((await world.clock.run(runtime.operations.count())).total).toBe(0);
      expect(upstream.value('r-1')).toEqual(PLAN);
    },
  );

  test('CF-7 OP-9 what a schema strips is laid back, and a default takes nothing out', async () => {
    const contact = z.object({ id: z.string(), name: z.string() });
    const schema = z.object({
      emergencyContacts: z.array(contact).default([]),
      note: z.string().default('none'),
    });
    const { upstream, sync, kept } = alone('crisis_plan', PLAN, schema);
    const [mom] = PLAN.emergencyContacts;
    const { note: _, ...rest } = PLAN;
    expect(await sync({ ...rest, emergencyContacts: [{ ...mom, name: 'Mama' }] })).toBe(
      'completed',
    );
    expect(upstream.value('r-1')).toEqual({
      ...PLAN,
      emergencyContacts: [{ ...mom, name: 'Mama' }],
    });
    expect(await kept()).toEqual([]);
  });

  test('CF-7 OP-9 the schemas of holdfast take what a newer app has added', async () => {
    const { upstream, sync } = alone('crisis_plan', PLAN, planSchema);
    expect(await sync({ ...PLAN, note: 'new' })).toBe('completed');
    expect(upstream.value('r-1')).toEqual({ ...PLAN, note: 'new' });
  });
});

describe('CF-6 the rules judge an edit that meets nobody', () => {
  const MOM = '/emergencyContacts/mom';

  test('CF-6 CF-5 the last contact goes by a confirmed removal, and is asked about beside it', async () => {
    const { upstream, sync, kept } = alone('crisis_plan', PLAN);
    const removals = [{ path: MOM, confirmed: true, by: 'p-17', at: 1 }];
    expect(await sync({ ...PLAN, emergencyContacts: [] }, { removals })).toBe('completed');
    expect(upstream.value('r-1')).toEqual({ ...PLAN, emergencyContacts: [] });
    expect(await kept()).toMatchObject([{ state: 'awaitingReview', isHeld: false }]);
  });

  test('CF-6 what its person confirms asks nobody, and is kept as their decision', async () => {
    const { upstream, sync, kept } = alone('crisis_plan', PLAN);
    const confirm = [{ path: '/emergencyContacts', by: 'p-17', reason: 'moved away' }];
    const removals = [{ path: MOM, confirmed: true, by: 'p-17', at: 1 }];
    expect(await sync({ ...PLAN, emergencyContacts: [] }, { removals, confirm })).toBe('completed');
    expect(upstream.value('r-1')).toEqual({ ...PLAN, emergencyContacts: [] });
    expect(await kept()).toMatchObject([
      { state: 'resolved', decisions: [{ kind: 'resolved', by: { id: 'p-17' } }] },
    ]);
  });

  test('CF-6 what somebody else wrote at a confirmed place is asked about all the same', async () => {
    const { upstream, sync, kept } = alone('crisis_plan', PLAN);
    upstream.put('r-1', { ...PLAN, note: 'theirs' });
    const confirm = [{ path: '/note', by: 'p-17' }];
    expect(await sync({ ...PLAN, note: 'mine' }, { confirm })).toBe('completed');
    expect(await kept()).toMatchObject([{ state: 'awaitingReview', asked: [{ path: '/note' }] }]);
  });

  test.each(['preferences', 'recipe'])(
    'CF-6 nor does what they confirm to go of a %s take what was written there meanwhile',
    async (type) => {
      const before = { title: 'Soup', size: 'm' };
      const { upstream, world, runtime, kept } = alone(type, before);
      upstream.put('r-1', { ...before, title: 'Fish soup' });
      const { title: _, ...payload } = before;
      await world.clock.run(
        runtime.sync({
          ...{ type: 'records.put', subject: 'user-42', entity: { type, id: 'r-1' }, payload },
          base: { version: '"1"', value: before },
          confirm: [{ path: '/title', by: 'p-17' }],
        }),
      );
      await world.clock.advance(60_000);
      expect(upstream.value('r-1')).toEqual({ ...before, title: 'Fish soup' });
      expect(await kept()).toMatchObject([
        { state: 'awaitingReview', asked: [{ path: '/title', stands: 'Fish soup' }] },
      ]);
    },
  );

  test('CF-6 what waits goes out where its person has confirmed it', async () => {
    const recipe = {
      title: 'Soup',
      steps: [
        { id: 's1', text: 'Boil' },
        { id: 's2', text: 'Stir' },
      ],
    };
    const { upstream, sync, kept } = alone('recipe', recipe);
    const payload = { ...recipe, steps: [recipe.steps[0]] };
    const confirm = [{ path: '/steps/s2', by: 'p-17' }];
    expect(await sync(payload, { confirm })).toBe('completed');
    expect(upstream.value('r-1')).toEqual(payload);
    expect((await kept()).filter(({ state }) => state !== 'resolved')).toEqual([]);
  });

  test('CF-6 UX-2 a confirmation, and a confirmed removal, say by whom', async () => {
    const { sync } = alone('crisis_plan', PLAN);
    await expect(sync(PLAN, { confirm: [{ path: MOM }] as never })).rejects.toMatchObject({
      field: 'confirm[0].by',
    });
    const removals = [{ path: MOM, confirmed: true }];
    await expect(sync(PLAN, { removals })).rejects.toMatchObject({ field: 'removals[0].by' });
  });
});
