/**
 * A person decides what rules could not, from the conflict to the upstream: live and at rest, and taken back.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { defineEntity } from '../../machines/merge/declaration/defineEntity.ts';
import { latest } from '../../machines/merge/rules/single.ts';
import { text } from '../../machines/merge/rules/text.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { holdWrite } from '../../persistence/port/review.ts';
import type { KeptRoom } from '../../persistence/port/store.ts';
import type { Conflict } from '../../src/index.ts';
import { managementAtRest } from '../../src/management/atRest.ts';
import { type Conflicts, conflicts } from '../../src/management/conflicts.ts';
import { cancelOperation } from '../../src/management/operations.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';
import { RecordUpstream } from '../support/harness/recordUpstream.ts';

const ANA = { by: { id: 'staff-7', role: 'clinician' } } as const;
/** Goes out while a person is asked. */
const PLAN = { type: 'crisis_plan', id: 'p-1' } as const;
/** Waits for the person: nobody has declared it. */
const RECIPE = { type: 'recipe', id: 'p-1' } as const;

const before = { note: 'before' };
const mine = { note: 'mine' };
const theirs = { note: 'theirs' };

interface Scene {
  readonly world: World;
  readonly upstream: RecordUpstream;
  readonly boot: () => Promise<ReturnType<World['boot']>>;
}

function scene(): Scene {
  const world = createWorld();
  const upstream = new RecordUpstream();
  upstream.put('p-1', before);
  const boot = async () => {
    const process = world.boot({
      device: 'phone',
      handlers: { 'records.put': upstream.handler() },
    });
    await world.clock.run(process.runtime.ready);
    await world.clock.advance(10_000);
    return process;
  };
  return { world, upstream, boot };
}

/** An edit of a version that is no more; the conflict that comes of it. */
async function met({ world, upstream, boot }: Scene, entity: typeof PLAN | typeof RECIPE) {
  const process = await boot();
  const { runtime } = process;
  upstream.put('p-1', theirs);
  const base = { version: '"1"', value: before };
  const request = { type: 'records.put', subject: 'user-42', tier: 'premium', entity } as const;
  const operation = await world.clock.run(runtime.sync({ ...request, payload: mine, base }));
  await world.clock.advance(60_000);
  const [conflict, ...others] = await all(world, runtime.conflicts);
  expect(others).toEqual([]);
  if (conflict === undefined) throw new Error('Nobody is asked.');
  return { ...process, operation, conflict, id: conflict.id };
}

async function all(world: World, from: Conflicts, filter = {}): Promise<readonly Conflict[]> {
  const found: Conflict[] = [];
  const reading = (async () => {
    for await (const one of from.list(filter)) found.push(one);
  })();
  await world.clock.run(reading);
  return found;
}

/** The calls on the store with nothing running on it. */
async function atRest<Result>(
  world: World,
  use: (rest: Conflicts) => Promise<Result>,
): Promise<Result> {
  await world.disk.open();
  const result = await use(conflicts(managementAtRest(restOf(world))));
  await world.disk.close();
  return result;
}

function restOf({ disk: store, clock }: World) {
  return { store, clock, hold: null, random: seededRandom(1), payloadBytesMax: 1_000 };
}

const stateOf = (world: World, { view }: { view: () => Promise<{ readonly state: string }> }) =>
  world.clock.run(view()).then(({ state }) => state);

/** What is kept in a room: about a person, or all. */
async function kept({ disk, clock }: World, room: KeptRoom, subject?: string) {
  const choice = subject === undefined ? {} : { subject };
  const page = { room, order: 'oldest', fromSeq: 0, limit: 99, ...choice } as const;
  const { rows } = await clock.run(disk.keptPage(page));
  return rows;
}

describe('CF-6 what waits for a decision', () => {
  test('SE-2 CF-6 what is kept of it is found by the person concerned, before a decision and after', async () => {
    const scenery = scene();
    const { world } = scenery;
    const { runtime, id } = await met(scenery, PLAN);
    const isAboutThem = async (): Promise<void> => {
      for (const room of ['entity', 'conflict'] as const) {
        const rows = await kept(world, room);
        expect(rows).not.toEqual([]);
        expect(await kept(world, room, 'user-42')).toEqual(rows);
        expect(await kept(world, room, 'user-43')).toEqual([]);
      }
    };
    await isAboutThem();
    await world.clock.run(
      runtime.conflicts.resolve(id, { ...ANA, choices: { '/note': { value: 'a third' } } }),
    );
    await world.clock.advance(60_000);
    await isAboutThem();
    await world.clock.run(runtime.close());
  });

  test('CF-6 a text of their own in answer to a question of a declared record is taken, and card data in it is not', async () => {
    const scenery = scene();
    const { world } = scenery;
    const { runtime, id } = await met(scenery, PLAN);
    const answer = async (value: string) =>
      await world.clock.run(
        runtime.conflicts.resolve(id, { ...ANA, choices: { '/note': { value } } }),
      );
    await expect(answer('4111 1111 1111 1111')).rejects.toMatchObject({
      code: 'HF_CARD_NUMBER_REFUSED',
    });
    expect((await answer('a third')).state).toBe('resolved');
    await world.clock.run(runtime.close());
  });

  test('CF-6 waits until it is decided, goes out as decided, and once', async () => {
    const scenery = scene();
    const { world, upstream } = scenery;
    const { runtime, operation, conflict, id } = await met(scenery, RECIPE);
    expect(conflict).toMatchObject({ isHeld: true, questions: 1, operationId: operation.id });
    expect(await stateOf(world, operation)).toBe('conflicted');
    expect(upstream.value('p-1')).toEqual(theirs);
    const { asked, value, sides } = await world.clock.run(runtime.conflicts.show(id));
    expect(asked).toMatchObject([{ path: '/note', number: 1 }]);
    expect(sides.map((side) => side.value)).toEqual(expect.arrayContaining([mine, theirs]));
    expect([mine, theirs]).toContainEqual(value);
    const take = asked[0]?.alternatives.find((one) => one.value === 'mine')?.take ?? -1;
    const choices = { '/note': { take } };
    const preview = await world.clock.run(runtime.conflicts.preview(id, { ...ANA, choices }));
    expect(preview.after).toEqual(mine);
    const outcome = await world.clock.run(runtime.conflicts.resolve(id, { ...ANA, choices }));
    expect(outcome).toMatchObject({ state: 'resolved', operationId: operation.id });
    expect(await world.clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    expect(upstream.value('p-1')).toEqual(mine);
    expect(upstream.takenOf(operation.id)).toBe(1);
    expect(await all(world, runtime.conflicts)).toEqual([]);
    const about = await world.clock.run(runtime.conflicts.about(id));
    expect(about.decisions).toMatchObject([{ ...ANA, isCarriedOut: true }]);
    await world.clock.run(runtime.close());
  });

  test('CF-6 met again once it is decided, it still says what was not taken before', async () => {
    const titled = defineEntity<{ title: string; words: string }>()({
      ...{ type: 'recipe', whileInReview: 'waits', fields: { title: latest(), words: text() } },
    });
    const { world, upstream } = scene();
    const { runtime } = world.boot({
      ...{ device: 'phone', handlers: { 'records.put': upstream.handler() }, entities: [titled] },
    });
    await world.clock.run(runtime.ready);
    const written = (by: string) => ({ title: by, words: by });
    upstream.put('p-1', written('theirs'));
    const base = { version: '"1"', value: before };
    const request = { type: 'records.put', subject: 'user-42', entity: RECIPE } as const;
    await world.clock.run(runtime.sync({ ...request, payload: written('mine'), base }));
    await world.clock.advance(60_000);
    const [conflict] = await all(world, runtime.conflicts);
    const auditOf = async (id = '') =>
      (await world.clock.run(runtime.conflicts.show(id))).audit.map(({ path, lost }) => [
        ...[path, ...lost.map(({ value }) => value)],
      ]);
    expect(await auditOf(conflict?.id)).toMatchObject([['/title', 'theirs']]);
    upstream.put('p-1', written('others'));
    await world.clock.run(runtime.conflicts.resolve(conflict?.id ?? '', { ...ANA, side: 1 }));
    await world.clock.advance(60_000);
    expect(await auditOf(conflict?.id)).toEqual([
      ['/title', 'theirs'],
      ['/words', 'theirs'],
      ['/title', 'others'],
    ]);
    await world.clock.run(runtime.close());
  });

  test('CF-6 a value of their own goes out, too', async () => {
    const scenery = scene();
    const { world, upstream } = scenery;
    const { runtime, operation, id } = await met(scenery, RECIPE);
    const value: Json = { note: 'both', by: 'hand' };
    await world.clock.run(runtime.conflicts.resolve(id, { ...ANA, value }));
    await world.clock.run(operation.outcome);
    expect(upstream.value('p-1')).toEqual(value);
    await world.clock.run(runtime.close());
  });

  test('CF-6 decided at rest, it is carried out by the next process, once', async () => {
    const scenery = scene();
    const { world, upstream, boot } = scenery;
    const first = await met(scenery, RECIPE);
    await world.clock.run(first.runtime.close());
    const outcome = await atRest(world, (rest) => rest.resolve(first.id, { ...ANA, side: 1 }));
    expect(outcome).toMatchObject({ isToBeCarriedOut: true, operationId: null });
    const { runtime } = await boot();
    await world.clock.advance(60_000);
    const operation = runtime.operations.get(first.operation.id);
    expect(await world.clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    expect(upstream.takenOf(first.operation.id)).toBe(1);
    const about = await world.clock.run(runtime.conflicts.about(first.id));
    expect(about.decisions).toMatchObject([{ isCarriedOut: true, operationId: operation.id }]);
    await world.clock.run(runtime.close());
  });

  test.each(['live', 'at rest'])(
    'CF-6 HM-1 where its edit is cancelled %s nobody is asked any more, and nothing is sent',
    async (how) => {
      const scenery = scene();
      const { world, upstream, boot } = scenery;
      const first = await met(scenery, RECIPE);
      const { id } = first;
      let { runtime } = first;
      if (how === 'live') {
        await world.clock.run(first.operation.cancel());
      } else {
        await world.clock.run(runtime.close());
        await world.disk.open();
        const rest = managementAtRest(restOf(world));
        await rest.call(cancelOperation, { id: first.operation.id });
        await world.disk.close();
        ({ runtime } = await boot());
      }
      await world.clock.advance(60_000);
      expect(await all(world, runtime.conflicts)).toEqual([]);
      expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy' });
      const decided = world.clock.run(runtime.conflicts.resolve(id, { ...ANA, value: mine }));
      await expect(decided).rejects.toMatchObject({ code: 'HF_CONFLICT_RESOLVED' });
      expect(upstream.value('p-1')).toEqual(theirs);
      await world.clock.run(runtime.close());
    },
  );
});

describe('CF-6 what goes out while a person is asked', () => {
  test('CF-6 is followed by an edit where it is decided otherwise, and by another where that is taken back', async () => {
    const scenery = scene();
    const { world, upstream } = scenery;
    const { runtime, operation, conflict, id } = await met(scenery, PLAN);
    expect(conflict).toMatchObject({ isHeld: false, questions: 1 });
    expect(await world.clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    const sent = upstream.value('p-1');
    const other = (sent as { readonly note: string }).note === 'mine' ? theirs : mine;
    const { asked } = await world.clock.run(runtime.conflicts.show(id));
    const take = asked[0]?.alternatives.find((one) => one.value === other.note)?.take ?? -1;
    const decided = runtime.conflicts.resolve(id, { ...ANA, choices: { 1: { take } } });
    const { operationId } = await world.clock.run(decided);
    expect(operationId).not.toBe(operation.id);
    await world.clock.run(runtime.operations.get(operationId ?? '').outcome);
    expect(upstream.value('p-1')).toEqual(other);

    const undone = await world.clock.run(runtime.conflicts.undo(id, ANA));
    await world.clock.run(runtime.operations.get(undone.operationId ?? '').outcome);
    expect(upstream.value('p-1')).toEqual(sent);
    expect(await all(world, runtime.conflicts)).toEqual([]);
    await world.clock.run(runtime.close());
  });

  test('CF-6 decided at rest, the next process sends the edit, once', async () => {
    const scenery = scene();
    const { world, upstream, boot } = scenery;
    const first = await met(scenery, PLAN);
    await world.clock.run(first.operation.outcome);
    await world.clock.run(first.runtime.close());
    const value = { note: 'by hand' };
    await atRest(world, (rest) => rest.resolve(first.id, { ...ANA, value }));
    for (let times = 0; times < 2; times += 1) {
      const { runtime } = await boot();
      await world.clock.advance(60_000);
      expect(upstream.value('p-1')).toEqual(value);
      await world.clock.run(runtime.close());
    }
    const taken = upstream.writes.filter(({ what }) => what === 'taken');
    expect(taken.map(({ payload }) => payload).filter((one) => same(one, value))).toHaveLength(1);
  });
});

describe('CF-6 PS-2 where the process dies while a decision is carried out', () => {
  test.each([
    ['what waits', RECIPE],
    ['what went out', PLAN],
  ] as const)('CF-6 PS-2 of %s, it is carried out once all the same', async (_, entity) => {
    const ends = new Set<string>();
    const decisions = new Set<boolean>();
    for (let steps = 0; steps < 24; steps += 1) {
      const scenery = scene();
      const { world, upstream, boot } = scenery;
      const first = await met(scenery, entity);
      const sent = upstream.writes.length;
      // So that the process dies between what is on disk and what comes next.
      first.store.faults.delayMs = () => 2;
      const value = { note: 'by hand' };
      const resolving = first.runtime.conflicts.resolve(first.id, { ...ANA, value });
      let end = 'under way';
      resolving.then(
        () => {
          end = 'resolved';
        },
        () => {
          end = 'unknown';
        },
      );
      for (let step = 0; step < steps; step += 1) await world.clock.advance(1);
      first.kill();
      ends.add(end);
      const { runtime } = await boot();
      await world.clock.advance(60_000);
      const about = await world.clock.run(runtime.conflicts.about(first.id));
      const isDecided = about.decisions.length > 0;
      // What was told to be on disk is; what was not may be or not.
      decisions.add(isDecided);
      if (end === 'resolved') expect(isDecided).toBe(true);
      if (isDecided) expect(about.decisions).toMatchObject([{ isCarriedOut: true }]);
      const applied = upstream.writes
        .slice(sent)
        .filter(({ what, payload }) => what === 'taken' && same(payload, value));
      expect(applied).toHaveLength(isDecided ? 1 : 0);
      expect(upstream.value('p-1')).toEqual(isDecided ? value : (upstream.value('p-1') ?? null));
      await world.clock.run(runtime.close());
    }
    expect([...ends].toSorted()).toEqual(['resolved', 'under way']);
    expect(decisions.size).toBe(2);
  });
});

function same(one: Json, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

describe('CF-6 PS-5 a store that is held', () => {
  test('CF-6 PS-5 what was decided is carried out once it is released, and not before', async () => {
    const scenery = scene();
    const { world, upstream, boot } = scenery;
    const first = await met(scenery, RECIPE);
    await world.clock.run(first.runtime.close());
    await atRest(world, (rest) => rest.resolve(first.id, { ...ANA, value: { note: 'by hand' } }));
    await world.disk.open();
    const hold = { reason: 'restored', sinceAtMs: world.clock.now(), seqMax: 1_000 } as const;
    await world.disk.commit([holdWrite(hold)]);
    await world.disk.close();
    const { runtime, errors } = await boot();
    await world.clock.advance(120_000);
    expect(upstream.value('p-1')).toEqual(theirs);
    expect(errors.map((error) => (error as { readonly code?: string }).code)).toEqual([
      'HF_STORE_HELD',
    ]);
    await world.clock.run(runtime.release());
    await world.clock.advance(120_000);
    expect(upstream.value('p-1')).toEqual({ note: 'by hand' });
    expect(upstream.takenOf(first.operation.id)).toBe(1);
    await world.clock.run(runtime.close());
  });
});
