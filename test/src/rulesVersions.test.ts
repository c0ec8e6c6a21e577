/**
 * A record that newer rules wrote, on a device whose program has older ones: it is kept, and edits of it wait.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { CrisisPlan } from '../../machines/policy/crisis/crisisResources.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import { anything, both, defineEntity, latest } from '../../src/merge/index.ts';
import type { World } from '../support/harness/engineHarness.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { RecordUpstream } from '../support/harness/recordUpstream.ts';

interface Visit {
  readonly note?: string;
  readonly place?: string;
}

const SUBJECT = 'user-42';
const ENTITY = { type: 'visit', id: 'v-1' } as const;

function rulesOf(version: number) {
  return defineEntity<Visit>()({
    type: 'visit',
    version,
    fields: { note: latest() },
    other: anything(both()),
  });
}

function asCrisisPlan(value: Json): CrisisPlan | null {
  const { place, note } = value as Visit;
  return {
    resources: [place, note].flatMap((name) => (name ? [{ name, phone: '+49 30 1' }] : [])),
  };
}

/** A program with rules of a version, over an upstream that all devices share. */
function device(world: World, upstream: RecordUpstream, name: string, version: number) {
  return world.boot({
    device: name,
    entities: [rulesOf(version)],
    handlers: {
      'visits.put': upstream.handler({ asCrisisPlan }),
      'crisis.alert': { upstream: 'default', run: () => null },
    },
  });
}

type Device = ReturnType<typeof device>;

function edit(world: World, { runtime }: Device, payload: Visit, base?: object) {
  return world.clock.run(
    runtime.sync({
      ...{ type: 'visits.put', subject: SUBJECT, entity: ENTITY, payload },
      ...(base === undefined ? {} : { base: base as never }),
    }),
  );
}

/** A tablet with rules 2 has written the record; a phone has rules 1. */
async function newerAndOlder() {
  const upstream = new RecordUpstream();
  const world = createWorld();
  const disk = createMemoryStore();
  const phones = createWorld(2, disk, world.clock);
  const tablet = device(world, upstream, 'tablet', 2);
  const written = await edit(world, tablet, { note: 'of the tablet', place: 'clinic' });
  expect((await world.clock.run(written.outcome)).status).toBe('completed');
  const phone = (version = 1) => device(phones, upstream, 'phone', version);
  return { upstream, world, tablet, phone };
}

describe('CF-4 the version of an entity’s rules', () => {
  test('CF-4 travels with the record, and is left out for the first', async () => {
    const { upstream, world, tablet } = await newerAndOlder();
    expect(upstream.records.get(ENTITY.id)?.meta?.rules).toBe(2);
    await world.clock.run(tablet.runtime.close());
    const first = new RecordUpstream();
    const older = device(createWorld(1, undefined, world.clock), first, 'old', 1);
    await world.clock.run((await edit(world, older, { note: 'x' })).outcome);
    expect(first.records.get(ENTITY.id)?.meta).not.toHaveProperty('rules');
    await world.clock.run(older.runtime.close());
  });

  test('CF-4 what newer rules wrote stays; an edit by older ones waits, says so, and is sent after the update', async () => {
    const { upstream, world, tablet, phone } = await newerAndOlder();
    const { clock } = world;
    const before = upstream.records.get(ENTITY.id);
    const old = phone();
    const operation = await edit(world, old, { note: 'of the phone' });
    await clock.advance(600_000);
    expect(upstream.records.get(ENTITY.id)).toEqual(before);
    expect((await clock.run(operation.view()))?.state).toBe('conflicted');
    const { overall, reasons, conflicts } = old.runtime.getHealthStatus();
    expect([overall, reasons]).toEqual([
      'degraded',
      [
        '1 edit of visit waits: rules of version 2 wrote what it changes, and this program has 1. Update it. The plans are in force in the answers to crises of this process',
      ],
    ]);
    expect(conflicts).toMatchObject({ count: 0, atWork: 0 });
    // It is not asked for over and over.
    expect(upstream.reads).toBeLessThan(4);
    const shown = await clock.run(old.runtime.entities.get(ENTITY));
    expect(shown).toMatchObject({ value: { place: 'clinic' }, needsRules: 2, waiting: 1 });
    await clock.run(old.runtime.close());

    const again = phone();
    await clock.advance(600_000);
    expect(again.runtime.getHealthStatus().conflicts.outdated).toMatchObject([{ count: 1 }]);
    expect(upstream.records.get(ENTITY.id)).toEqual(before);
    await clock.run(again.runtime.close());

    const updated = phone(2);
    await clock.advance(600_000);
    expect(upstream.value(ENTITY.id)).toMatchObject({ place: 'clinic', note: 'of the phone' });
    expect(updated.runtime.getHealthStatus().conflicts.outdated).toEqual([]);
    expect(await clock.run(updated.runtime.entities.get(ENTITY))).not.toHaveProperty('needsRules');
    await clock.run(updated.runtime.close());
    await clock.run(tablet.runtime.close());
  });

  test('CF-4 also an edit of what was shown, which meets nobody, and one that is tried again or cancelled', async () => {
    const { upstream, world, tablet, phone } = await newerAndOlder();
    const { clock } = world;
    const old = phone();
    const held = upstream.records.get(ENTITY.id);
    await clock.run(
      old.runtime.remoteChange({
        ...{ entity: ENTITY, subject: SUBJECT, value: held?.value ?? null, version: '"1"' },
        meta: held?.meta,
      }),
    );
    const known = await clock.run(old.runtime.entities.get(ENTITY));
    const operation = await edit(
      world,
      old,
      { ...(known?.value as Visit), note: 'mine' },
      known?.base,
    );
    await clock.advance(60_000);
    expect((await clock.run(operation.view()))?.state).toBe('conflicted');
    await clock.run(operation.retryNow());
    await clock.advance(60_000);
    expect(upstream.records.get(ENTITY.id)).toEqual(held);
    expect(old.runtime.getHealthStatus().conflicts.outdated).toMatchObject([{ count: 1 }]);
    await clock.run(operation.cancel());
    await clock.advance(1_000);
    expect(old.runtime.getHealthStatus().conflicts.outdated).toEqual([]);
    await clock.run(old.runtime.close());
    await clock.run(tablet.runtime.close());
  });

  test('CF-4 CR-3 a crisis plan that is held is in force in the answers of its device, with what the newer wrote', async () => {
    const { world, tablet, phone } = await newerAndOlder();
    const { clock } = world;
    const old = phone();
    await edit(world, old, { note: 'Mia' });
    await clock.advance(60_000);
    const { resources } = await clock.run(old.runtime.crisis({ subject: SUBJECT }));
    const names = resources.filter(({ from }) => from === 'plan').map(({ name }) => name);
    expect(names).toEqual(['clinic', 'Mia']);
    await clock.run(old.runtime.close());
    await clock.run(tablet.runtime.close());
  });

  test('CF-4 UX-2 a version is a whole number from 1', () => {
    for (const version of [0, 1.5, '2' as never]) {
      expect(() => createWorld().boot({ entities: [rulesOf(version)] })).toThrow(
        expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'entities[0].version' }),
      );
    }
  });
});
