/**
 * A question is asked once: one for a record and a path, with what its people wrote last, and only until somebody who
 * knew both sides has settled it.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { Conflict } from '../../../src/index.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const MINUTE_MS = 60_000;
const ANA = { by: { id: 'staff-7', role: 'clinician' } } as const;
/** Goes out while a person is asked. */
const PLAN = { type: 'crisis_plan', id: 'p-1' } as const;
/** Waits for the person: nobody has declared it. */
const RECIPE = { type: 'recipe', id: 'p-1' } as const;
const BEFORE = { note: 'before', more: 'before' };
const SAVES = 20;

type Record = Readonly<{ note: string; more: string }>;

async function scene(entity: typeof PLAN | typeof RECIPE) {
  const upstream = new RecordUpstream();
  upstream.put('p-1', BEFORE);
  const world = createWorld();
  const { clock, boot } = world;
  const { runtime } = boot({ device: 'phone', handlers: { 'records.put': upstream.handler() } });
  await clock.run(runtime.ready);
  const edits = async (payload: Json, base: Json) =>
    await clock.run(
      runtime.sync({ type: 'records.put', subject: 'user-42', entity, payload, base }),
    );
  /** As an app does that saves while somebody types: each on what it shows. */
  const saves = async (change: Partial<Record>) => {
    const shown = await clock.run(runtime.entities.get(entity));
    const value = { ...(shown?.value as Record), ...change };
    return await edits(value, { ...shown?.base });
  };
  /** The other device, which has seen what the upstream holds. */
  let made = 0;
  const tablet = (change: Partial<Record>) => {
    made += 1;
    const held = upstream.records.get('p-1');
    upstream.put(
      'p-1',
      { ...(held?.value as Record), ...change },
      {
        // It carries on what travels with the record, as the questions that are open.
        ...held?.meta,
        vv: { ...held?.meta?.vv, tablet: made },
        actor: 'tablet',
        hlc: { ms: clock.now(), c: 0 },
      },
    );
  };
  const list = async (filter = {}) => {
    const found: Conflict[] = [];
    const reading = (async () => {
      for await (const one of runtime.conflicts.list(filter)) found.push(one);
    })();
    await clock.run(reading);
    return found;
  };
  const shows = async (id: string | undefined) => await clock.run(runtime.conflicts.show(id ?? ''));
  const alternativesOf = async (id: string | undefined, path = '/note') => {
    const { asked } = await shows(id);
    return asked.filter((one) => one.path === path).map((one) => one.alternatives);
  };
  await edits(BEFORE, { version: '"1"', value: BEFORE });
  await clock.advance(MINUTE_MS);
  return { clock, upstream, runtime, edits, saves, tablet, list, shows, alternativesOf };
}

/** Saved many times offline, while another device has saved once. */
async function savedOffline(entity: typeof PLAN | typeof RECIPE, isLater = false) {
  const its = await scene(entity);
  const { clock, upstream, saves, tablet } = its;
  upstream.isDown = true;
  if (!isLater) tablet({ note: 'a1' });
  for (let save = 1; save <= SAVES; save += 1) {
    await saves({ note: `b${save}` });
    await clock.advance(1_000);
  }
  if (isLater) tablet({ note: 'a1' });
  upstream.isDown = false;
  await clock.advance(10 * MINUTE_MS);
  return its;
}

describe('CF-6 one question about a record and a path', () => {
  test.each([
    ['first', false, `b${SAVES}`],
    ['last', true, 'a1'],
  ])(
    'CF-6 of many saves made offline one is open, with what was saved last, where the other was %s and the record goes out',
    async (_, isLater, stands) => {
      const its = await savedOffline(PLAN, isLater);
      const { upstream, runtime, list, alternativesOf, clock } = its;
      const open = await list();
      expect(open).toMatchObject([{ questions: 1, isHeld: false }]);
      const [alternatives, ...more] = await alternativesOf(open[0]?.id);
      expect(more).toEqual([]);
      expect(alternatives?.map(({ value }) => value).toSorted()).toEqual(['a1', `b${SAVES}`]);
      expect(runtime.getHealthStatus().conflicts).toMatchObject({ count: 1 });
      expect(upstream.value('p-1')).toMatchObject({ note: stands });
      const { asked } = await its.shows(open[0]?.id);
      expect(asked).toMatchObject([{ stands }]);
      await clock.run(runtime.close());
    },
  );

  test.each([
    ['first', false],
    ['last', true],
  ])(
    'CF-6 so it is where the other was %s and the record waits, and one decision is for all of them',
    async (_, isLater) => {
      const its = await savedOffline(RECIPE, isLater);
      const { upstream, runtime, list, alternativesOf, clock } = its;
      const open = await list();
      expect(open).toMatchObject([{ questions: 1, isHeld: true }]);
      const [alternatives] = await alternativesOf(open[0]?.id);
      expect(alternatives?.map(({ value }) => value).toSorted()).toEqual(['a1', `b${SAVES}`]);
      // One that leaves it alone, and goes out with the decision.
      await its.saves({ more: 'after' });
      const take = (alternatives?.findIndex(({ value }) => value === 'a1') ?? -1) + 1;
      const choices = { '/note': { take } };
      await clock.run(runtime.conflicts.resolve(open[0]?.id ?? '', { ...ANA, choices }));
      await clock.advance(10 * MINUTE_MS);
      expect(await list()).toEqual([]);
      expect(upstream.value('p-1')).toEqual({ note: 'a1', more: 'after' });
      expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', reasons: [] });
      await clock.run(runtime.close());
    },
  );
});

describe('CF-6 what a question is about, and until when it is open', () => {
  test('CF-6 of two windows neither replaces what the other wrote', async () => {
    const { clock, upstream, runtime, edits, tablet, list, alternativesOf } = await scene(PLAN);
    upstream.isDown = true;
    const base = { version: '"2"', value: BEFORE };
    await edits({ ...BEFORE, note: 'w1' }, base);
    await clock.advance(1_000);
    await edits({ ...BEFORE, note: 'w2' }, base);
    tablet({ note: 'a1' });
    upstream.isDown = false;
    await clock.advance(10 * MINUTE_MS);
    const open = await list();
    expect(open).toMatchObject([{ questions: 1 }]);
    const [alternatives] = await alternativesOf(open[0]?.id);
    expect(alternatives?.map(({ value }) => value).toSorted()).toEqual(['a1', 'w1', 'w2']);
    await clock.run(runtime.close());
  });

  test('CF-6 an edit made of both sides settles it, and what it was about is in the audit', async () => {
    const { clock, runtime, edits, saves, list, shows, upstream } = await savedOffline(PLAN);
    const [open] = await list();
    // One that leaves it alone, and one that has not seen the other side, settle nothing.
    await saves({ more: 'after' });
    await clock.advance(MINUTE_MS);
    await edits(
      { ...BEFORE, note: 'late' },
      { version: '"2"', value: { ...BEFORE, note: `b${SAVES}` } },
    );
    await clock.advance(MINUTE_MS);
    expect(await list()).toMatchObject([{ id: open?.id, questions: 1 }]);
    await saves({ note: 'both, by hand' });
    await clock.advance(MINUTE_MS);
    expect(await list()).toEqual([]);
    expect(upstream.value('p-1')).toEqual({ note: 'both, by hand', more: 'after' });
    const { state, asked, audit, decisions } = await shows(open?.id);
    expect({ state, asked, decisions }).toEqual({ state: 'resolved', asked: [], decisions: [] });
    const settled = audit.find(({ reason }) => reason.startsWith('settled'));
    expect(settled).toMatchObject({ path: '/note', kept: 'both, by hand' });
    expect(settled?.lost.map(({ value }) => value).toSorted()).toEqual(['a1', 'late']);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', reasons: [] });
    await clock.run(runtime.close());
  });

  test('CF-6 once for its record and path: later saves ask nobody again, and none of another path is lost', async () => {
    const its = await savedOffline(PLAN);
    const { clock, runtime, edits, tablet, list, alternativesOf } = its;
    const [open] = await list();
    tablet({ more: 'a2' });
    await edits({ note: 'before', more: 'w3' }, { version: '"2"', value: BEFORE });
    await clock.advance(10 * MINUTE_MS);
    expect(await list()).toMatchObject([{ id: open?.id, questions: 2 }]);
    const [note] = await alternativesOf(open?.id);
    const [more] = await alternativesOf(open?.id, '/more');
    expect(note?.map(({ value }) => value).toSorted()).toEqual(['a1', `b${SAVES}`]);
    expect(more?.map(({ value }) => value).toSorted()).toEqual(['a2', 'w3']);
    await clock.run(runtime.close());
  });
});
