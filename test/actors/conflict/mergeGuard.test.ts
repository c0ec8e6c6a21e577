/** A merge that ends the process is left to a person, and the process lives. */

import { describe, expect, test } from 'vitest';
import { MergeGuard } from '../../../actors/conflict/mergeGuard.ts';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { type MergeQuestion, mergeEdit } from '../../../machines/conflict/mergeEdit.ts';
import { defineEntity } from '../../../machines/merge/declaration/defineEntity.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { createWorld, type Process } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const ENTITY = { type: 'recipe', id: 'r-1' };
const BEGUN = { title: 'Soup', serves: 2 };

async function all<Item>(given: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of given) found.push(item);
  return found;
}

/** Processes one after the other, in each of which the check of the app ends it, as long as `isDeadly()`. */
function dying(upstream: RecordUpstream, isDeadly: () => boolean) {
  const world = createWorld();
  const boot = (): Process => {
    let process: Process | null = null;
    const recipe = defineEntity<{ title: string; serves: number }>()({
      type: 'recipe',
      fields: {},
      checks: [
        {
          says: 'It ends the process.',
          find: () => {
            if (isDeadly()) process?.kill();
            return [];
          },
        },
      ],
    });
    process = world.boot({
      device: 'phone',
      entities: [recipe],
      handlers: { 'records.put': upstream.handler() },
    });
    return process;
  };
  return { ...world, boot };
}

function upstreamThatMovedOn(): RecordUpstream {
  const upstream = new RecordUpstream();
  upstream.put(ENTITY.id, BEGUN);
  upstream.put(ENTITY.id, { ...BEGUN, serves: 4 });
  return upstream;
}

const EDIT = {
  type: 'records.put',
  subject: 'user-42',
  tier: 'premium',
  entity: ENTITY,
  payload: { ...BEGUN, title: 'Broth' },
  base: { version: '"1"', value: BEGUN },
} as const;

describe('a merge of large records', () => {
  test('CR-1 CF-6 gives others their turn, one after the other', async () => {
    let turns = 0;
    let isOver = false;
    const others = (): void => {
      turns += 1;
      if (!isOver) setImmediate(others);
    };
    const commits: string[] = [];
    const guard = new MergeGuard({
      kept: {
        find: () => Promise.resolve(null),
        commit: ([write]) => {
          commits.push(`${write?.key.slice(-1)} of ${write?.subject} begins`);
          return Promise.resolve([]);
        },
        order: ({ key }) => {
          commits.push(`${key.slice(-1)} is over`);
        },
        abandon: () => undefined,
      },
      journal: { failure: null },
      clock: systemClock,
      retentionMs: 1,
    });
    const of = (who: string): Json =>
      Object.fromEntries(
        Array.from({ length: 4_000 }, (_, at) => [
          `f${at}`,
          `${at % 40 === 0 ? who : ''}${'x'.repeat(70)}`,
        ]),
      );
    const question: MergeQuestion = {
      record: null,
      current: { version: '"2"', value: of('theirs') },
      edit: {
        body: { payload: of('ours'), base: { version: '"1"', value: of('base') } },
        acceptedAtMs: 1,
        round: 1,
      },
      rules: entityRulesOf('preferences'),
      device: 'phone',
      draw: 'b',
      nowMs: 1,
    };
    setImmediate(others);
    const made = await Promise.all([
      guard.merge({ id: 'a', subject: 'user-1' }, question),
      guard.merge({ id: 'b', subject: 'user-2' }, question),
    ]);
    isOver = true;
    expect(made.map(({ isMerged }) => isMerged)).toEqual([true, true]);
    expect(made[0]).toEqual(mergeEdit(question));
    expect(commits).toEqual(['a of user-1 begins', 'a is over', 'b of user-2 begins', 'b is over']);
    expect(turns).toBeGreaterThanOrEqual(8);
  });
});

describe('a merge that ends the process', () => {
  test('CF-6 PS-2 is given up after three times, with both sides kept, and nothing else waits', async () => {
    const upstream = upstreamThatMovedOn();
    const { clock, boot } = dying(upstream, () => true);
    let process = boot();
    await clock.run(process.runtime.sync(EDIT));
    let deaths = 0;
    for (let starts = 0; starts < 10; starts += 1) {
      await clock.advance(120_000);
      if (!process.isDead()) break;
      deaths += 1;
      process = boot();
    }
    expect(deaths).toBe(3);
    const { runtime } = process;
    const [asked] = await clock.run(all(runtime.conflicts.list({})));
    expect(asked).toMatchObject({ state: 'quarantined', isHeld: true });
    const { base: _, ...request } = EDIT;
    const other = { ...request, entity: { type: 'note', id: 'n-1' } };
    const { outcome } = await clock.run(runtime.sync(other));
    expect((await clock.run(outcome)).status).toBe('completed');
    await clock.run(
      runtime.conflicts.resolve(asked?.id ?? '', {
        by: { id: 'ana', role: 'nurse' },
        value: EDIT.payload,
      }),
    );
    await clock.advance(60_000);
    expect(upstream.value(ENTITY.id)).toEqual(EDIT.payload);
    await clock.run(runtime.close());
  });

  test('CF-6 that ends it once is made by the next process, and no mark of it stays', async () => {
    const upstream = upstreamThatMovedOn();
    let isDeadly = true;
    const { clock, boot, disk } = dying(upstream, () => isDeadly);
    const first = boot();
    await clock.run(first.runtime.sync(EDIT));
    await clock.advance(10_000);
    expect(first.isDead()).toBe(true);
    isDeadly = false;
    const { runtime } = boot();
    await clock.advance(120_000);
    expect(upstream.value(ENTITY.id)).toEqual({ title: 'Broth', serves: 4 });
    expect(await disk.keptCounts()).toMatchObject({ entity: 1 });
    await clock.run(runtime.close());
  });
});
