/**
 * Records as an app reads them: shown, watched and listed, with the edits that wait merged in once.
 *
 * @module
 */

import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import type { ListedEntity } from '../../actors/port.ts';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { KeptPage } from '../../persistence/port/store.ts';
import type { EntityView } from '../../src/index.ts';
import { both, defineEntity } from '../../src/merge/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { RecordUpstream } from '../support/harness/recordUpstream.ts';

interface Visit {
  readonly place?: string;
  readonly notes?: Readonly<Record<string, string>>;
}

const SUBJECT = 'user-42';
const ENTITY = { type: 'visit', id: 'v-1' } as const;
const BEGUN: Visit = { place: 'home', notes: {} };
const BASE = { version: '"1"', value: BEGUN };

/** A device, and how often its rules were asked what a merge has left. */
function device() {
  const world = createWorld();
  const { clock } = world;
  const upstream = new RecordUpstream();
  upstream.put(ENTITY.id, BEGUN as never);
  const count = { checks: 0 };
  const visit = defineEntity<Visit>()({
    type: 'visit',
    fields: { place: both() },
    checks: [
      {
        says: 'counted',
        find: () => {
          count.checks += 1;
          return [];
        },
      },
    ],
  });
  const { runtime, errors, kill } = world.boot({
    device: 'phone',
    entities: [visit],
    handlers: { 'visits.put': upstream.handler() },
  });
  const heard = async (
    value: Visit,
    version = '"1"',
    entity: { type: string; id: string } = ENTITY,
  ) =>
    await clock.run(
      runtime.remoteChange({ entity, subject: SUBJECT, value: value as never, version }),
    );
  const edit = async (payload: Visit, more: object = {}) =>
    await clock.run(
      runtime.sync({
        ...{ type: 'visits.put', subject: SUBJECT, entity: ENTITY, base: BASE, payload },
        ...more,
      }),
    );
  const get = async () => await clock.run(runtime.entities.get<Visit>(ENTITY));
  return { ...{ world, clock, upstream, count, runtime, errors, kill }, heard, edit, get };
}

const noted = (n: number): Visit => ({ ...BEGUN, notes: { [`n${n}`]: 'x' } });

describe('a record as it is shown', () => {
  test('CF-1 has the type that the app says, and is its own: what is changed in place stays with the app', async () => {
    const { clock, runtime, upstream, heard, edit, get } = device();
    upstream.isDown = true;
    await heard(BEGUN);
    await edit(noted(1));
    const shown = await get();
    expectTypeOf(shown).toEqualTypeOf<EntityView<Visit> | null>();
    expectTypeOf(shown?.base.value).toEqualTypeOf<Visit | undefined>();
    Object.assign(shown?.value ?? {}, { place: 'nowhere' });
    expect(shown?.base.value).toMatchObject({ place: 'home' });
    expect((await get())?.value.place).toBe('home');
    await clock.run(runtime.close());
  });

  test('CF-1 CF-8 of thirty edits that wait each is merged once, not at each look', async () => {
    const { clock, upstream, count, runtime, heard, edit, get } = device();
    upstream.isDown = true;
    await heard(BEGUN);
    const costs: number[] = [];
    for (let n = 1; n <= 30; n += 1) {
      await edit(noted(n));
      const before = count.checks;
      await get();
      costs.push(count.checks - before);
    }
    const [, second = 0] = costs;
    expect(second).toBeGreaterThan(0);
    expect(Math.max(...costs)).toBe(second);
    const before = count.checks;
    for (let look = 0; look < 10; look += 1) await get();
    expect(count.checks).toBe(before);
    const shown = await get();
    expect(shown).toMatchObject({ waiting: 30 });
    expect(Object.keys(shown?.value.notes ?? {})).toHaveLength(30);
    await clock.run(runtime.close());
  });

  test('CF-1 CF-8 nor are they merged anew while one after the other is sent', async () => {
    const { clock, upstream, count, runtime, heard, edit, get } = device();
    upstream.isDown = true;
    await heard(BEGUN);
    for (let n = 1; n <= 30; n += 1) await edit(noted(n));
    const before = count.checks;
    await get();
    const allOnce = count.checks - before;
    const told: (EntityView<Visit> | null)[] = [];
    runtime.entities.subscribe<Visit>(ENTITY, (view) => told.push(view));
    upstream.isDown = false;
    await clock.advance(600_000);
    expect(told.at(-1)).toMatchObject({ waiting: 0 });
    expect(told.length).toBeGreaterThan(20);
    // Each is merged when it is sent; what is shown meanwhile costs no more than that again.
    expect(count.checks - before).toBeLessThan(4 * allOnce);
    await clock.run(runtime.close());
  });
});

describe('a record that is watched', () => {
  test('CF-1 is told at once and at each change, until it is not watched any more', async () => {
    const { clock, upstream, runtime, heard, edit } = device();
    const told: unknown[] = [];
    const stop = runtime.entities.subscribe<Visit>(ENTITY, (view) => {
      told.push(view === null ? null : [view.value.place, view.waiting, view.base.version]);
    });
    await clock.advance(10);
    expect(told).toEqual([null]);
    await heard(BEGUN);
    await clock.advance(10);
    expect(told).toEqual([null, ['home', 0, '"1"']]);
    upstream.isDown = true;
    await edit({ ...BEGUN, place: 'clinic' });
    await clock.advance(10);
    expect(told.slice(2)).toEqual([['clinic', 1, '"1"']]);
    upstream.isDown = false;
    await clock.advance(60_000);
    expect(told.slice(3)).toEqual([['clinic', 0, '"2"']]);
    stop();
    await heard({ place: 'park' }, '"3"');
    await clock.advance(10);
    expect(told).toHaveLength(4);
    await clock.run(runtime.close());
  });

  test('CF-1 CF-6 is told that a person is asked, and what they decide', async () => {
    const { clock, upstream, runtime, heard, edit } = device();
    await heard(BEGUN);
    upstream.put(ENTITY.id, { ...BEGUN, place: 'park' });
    const told: unknown[] = [];
    runtime.entities.subscribe<Visit>(ENTITY, (view) => {
      told.push([view?.value.place, view?.inReview]);
    });
    await edit({ ...BEGUN, place: 'clinic' });
    await clock.advance(10_000);
    expect(told.at(-1)).toEqual([expect.any(String), true]);
    const { value } = await clock.run(runtime.conflicts.list()[Symbol.asyncIterator]().next());
    const by = { id: 'staff-7', role: 'clinician' };
    await clock.run(
      runtime.conflicts.resolve(String(value?.id), {
        by,
        value: { ...BEGUN, place: 'hall' },
      }),
    );
    await clock.advance(60_000);
    expect(told.at(-1)).toEqual(['hall', false]);
    await clock.run(runtime.close());
  });

  test('CF-1 OP-5 is told that an edit was given up, and that it was brought back', async () => {
    const { clock, upstream, runtime, heard, edit } = device();
    await heard(BEGUN);
    const told: unknown[] = [];
    runtime.entities.subscribe<Visit>(ENTITY, (view) => {
      told.push([view?.value.place, view?.waiting]);
    });
    await clock.advance(10);
    upstream.beforeWrite = () => {
      throw permanentFailure('It takes none.');
    };
    const operation = await edit({ ...BEGUN, place: 'clinic' });
    expect((await clock.run(operation.outcome)).status).toBe('deadLettered');
    await clock.advance(1_000);
    expect(told.at(-1)).toEqual(['home', 0]);
    upstream.isDown = true;
    upstream.beforeWrite = () => undefined;
    await clock.run(runtime.deadLetters.replay(operation.id));
    await clock.advance(10);
    expect(told.at(-1)).toEqual(['clinic', 1]);
    await clock.run(runtime.close());
  });

  test('CF-1 SV-2 what a listener throws is told, and the others hear of the record all the same', async () => {
    const { clock, runtime, errors, heard } = device();
    const told: unknown[] = [];
    runtime.entities.subscribe(ENTITY, () => {
      throw new Error('of the app');
    });
    runtime.entities.subscribe(ENTITY, (): unknown => Promise.reject(new Error('later')));
    runtime.entities.subscribe(ENTITY, (view) => told.push(view?.value ?? null));
    await heard(BEGUN);
    await clock.advance(10);
    expect(told.at(-1)).toEqual(BEGUN);
    const said = errors.map((error) => (error as Error).message);
    expect(new Set(said)).toEqual(new Set(['of the app', 'later']));
    await clock.run(runtime.close());
  });

  test('CF-1 one that is forgotten is told, and one from before the start is told after it', async () => {
    const { clock, world, runtime, heard } = device();
    await heard(BEGUN);
    const told: unknown[] = [];
    runtime.entities.subscribe(ENTITY, (view) => told.push(view?.value ?? null));
    await clock.advance(10);
    expect(await clock.run(runtime.entities.forget(ENTITY))).toBe(true);
    await clock.advance(10);
    expect(told).toEqual([BEGUN, null]);
    await heard(BEGUN);
    await clock.run(runtime.close());
    const next = world.boot({ device: 'phone' });
    const later: unknown[] = [];
    next.runtime.entities.subscribe(ENTITY, (view) => later.push(view?.value ?? null));
    await clock.advance(1_000);
    expect(later).toEqual([BEGUN]);
    await clock.run(next.runtime.close());
  });

  test('CF-1 UX-2 what is no entity, and what is no function, is refused at once', async () => {
    const { clock, runtime } = device();
    const { entities } = runtime;
    expect(() => entities.subscribe({ type: 'visit' } as never, () => undefined)).toThrow(
      expect.objectContaining({ code: 'HF_REQUEST_INVALID', field: 'entity.id' }),
    );
    expect(() => entities.subscribe(ENTITY, 7 as never)).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'listener' }),
    );
    expect(() => entities.list({ kind: 'visit' } as never)).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'kind' }),
    );
    await clock.run(runtime.close());
  });
});

describe('the list of what is known', () => {
  test('CF-1 has each record once, also those that only wait, by type, subject and what becomes of them', async () => {
    const { world, clock, upstream, runtime, heard, edit } = device();
    upstream.isDown = true;
    const other = { type: 'recipe', id: 'r-1' } as const;
    await heard(BEGUN);
    for (let n = 0; n < 70; n += 1) await heard({}, '"1"', { type: 'recipe', id: `r-${n}` });
    await edit(noted(1), { entity: other, subject: 'user-7', base: undefined });
    const first = { type: 'visit', id: 'v-new' } as const;
    await edit(noted(1), { entity: first, subject: 'user-7', base: undefined });
    await edit(
      { ...noted(1), place: 'hall' },
      { entity: first, subject: 'user-7', base: undefined },
    );
    const listed = async (query = {}) =>
      await clock.run(
        (async () => {
          const all: ListedEntity<Visit>[] = [];
          for await (const one of runtime.entities.list<Visit>(query)) all.push(one);
          return all;
        })(),
      );
    const all = await listed();
    expect(all).toHaveLength(72);
    expect(new Set(all.map(({ entity }) => `${entity.type} ${entity.id}`)).size).toBe(72);
    const ids = async (query: object) => (await listed(query)).map(({ entity }) => entity.id);
    expect(await ids({ type: 'visit' })).toEqual(['v-1', 'v-new']);
    const pages = vi.spyOn(world.disk, 'keptPage');
    expect(await ids({ subject: 'user-7' })).toEqual(['v-new']);
    // The records of others are not read.
    const read = await Promise.all(
      pages.mock.results.map(({ value }) => value as Promise<KeptPage>),
    );
    expect(read.map(({ rows }) => rows.length)).toEqual([0]);
    expect(await ids({ waiting: true })).toEqual(['r-1', 'v-new']);
    expect(await ids({ waiting: false, type: 'visit' })).toEqual(['v-1']);
    const [known] = await listed({ type: 'visit', waiting: false });
    expect(known).toEqual({
      ...{ entity: ENTITY, subject: SUBJECT, value: BEGUN },
      ...{ base: BASE, waiting: 0, inReview: false },
    });
    await clock.run(runtime.close());
  });
});
