/**
 * How much waits, where, since when and why: health, the inspector's page and the operations themselves say the same,
 * also of what rests on disk.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { queueInOrder, waitsAt } from '../../inspector/page/model/route.ts';
import { troublesOf } from '../../inspector/page/model/troubles.ts';
import type { Overview } from '../../inspector/protocol.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { TIERS } from '../../machines/vocabulary/urgency.ts';
import type { HoldfastRuntime } from '../../src/holdfastRuntime.ts';
import { createWorld, type World } from '../support/harness/engineHarness.ts';

const UPSTREAMS = ['labs', 'pay', 'mail'] as const;
const PRIORITIES = ['high', 'normal', 'low'] as const;

type Upstream = (typeof UPSTREAMS)[number];

/** A runtime with three upstreams, each with two types; `down` are those whose calls fail. */
function boot(world: World, down: ReadonlySet<string>) {
  const handler = (upstream: Upstream) => ({
    upstream,
    run: () => {
      if (down.has(upstream)) throw transientFailure('down');
      return new Promise<null>((resolve) => {
        world.clock.schedule(400, () => {
          resolve(null);
        });
      });
    },
  });
  const { runtime, store } = world.boot({
    upstreams: Object.fromEntries(UPSTREAMS.map((name) => [name, { concurrency: 2 }])),
    handlers: Object.fromEntries(
      UPSTREAMS.flatMap((name) => [
        [`${name}.one`, handler(name)],
        [`${name}.two`, handler(name)],
      ]),
    ),
  });
  const its = runtime as HoldfastRuntime;
  const seen: { overview: Overview | null } = { overview: null };
  const watch = (): (() => void) =>
    its.feed.watch((messages) => {
      for (const message of messages) {
        if (message.kind === 'overview') seen.overview = message.overview;
      }
    });
  return { runtime: its, store, seen, watch };
}

const given = fc.record({
  upstream: fc.constantFrom(...UPSTREAMS),
  type: fc.constantFrom('one', 'two'),
  tier: fc.constantFrom(...TIERS),
  priority: fc.constantFrom(...PRIORITIES),
  lane: fc.constantFrom(null, null, 'a', 'b'),
  subject: fc.integer({ min: 1, max: 4 }),
});

/** What the operations themselves say that they wait for, one by one. */
async function listed(runtime: HoldfastRuntime): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const { type, wait } of runtime.operations.list()) {
    if (wait === null) continue;
    const key = `${type.split('.')[0]} ${wait.reason === 'lane' ? 'inLane' : 'turn'}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe('HM-1 OB-1 what waits is counted in one place', () => {
  test('HM-1 OB-1 what the page says of counts, health says too, and so do the operations', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(given, { minLength: 1, maxLength: 30 }),
        fc.subarray([...UPSTREAMS]),
        fc.integer({ min: 0, max: 20_000 }),
        async (requests, failing, afterMs) => {
          const world = createWorld();
          const { runtime, seen, watch } = boot(world, new Set(failing));
          await world.clock.run(runtime.ready);
          const end = watch();
          for (const { upstream, type, tier, priority, lane, subject } of requests) {
            await world.clock.run(
              runtime.sync({
                ...{ type: `${upstream}.${type}`, tier, priority, subject: `s-${subject}` },
                ...(lane === null ? {} : { entity: { type: 'plan', id: `${lane}-${upstream}` } }),
              }),
            );
          }
          await world.clock.advance(afterMs);
          // Counts are read half a second after a change, and told each second: nothing changes while a person looks.
          for (const name of UPSTREAMS) runtime.upstream(name).forceOpen('to look');
          await world.clock.advance(5_000);
          const health = runtime.getHealthStatus();
          const overview = seen.overview as unknown as Overview;
          expect(overview.waiting).toMatchObject({
            turn: health.waiting.turn,
            inLane: health.waiting.inLane,
          });
          const rows = queueInOrder(overview.queue);
          const sum = (of: 'turn' | 'inLane'): number =>
            rows.reduce((all, row) => all + row[of], 0);
          expect([sum('turn'), sum('inLane')]).toEqual([
            health.waiting.turn,
            health.waiting.inLane,
          ]);
          const own = await world.clock.run(listed(runtime));
          for (const name of UPSTREAMS) {
            const { turn, inLane } = waitsAt(overview.queue, name);
            expect([name, turn, inLane]).toEqual([
              name,
              own[`${name} turn`] ?? 0,
              own[`${name} inLane`] ?? 0,
            ]);
          }
          end();
          await world.clock.run(runtime.close({ deadlineMs: 1 }));
        },
      ),
      { numRuns: 6 },
    );
  });

  test('HM-1 OB-1 in an outage 140 that rest on disk are 140 on the page, with the oldest and until when', async () => {
    const world = createWorld();
    const { runtime, seen, watch } = boot(world, new Set(['labs']));
    await world.clock.run(runtime.ready);
    const beganAtMs = world.clock.now();
    for (let index = 0; index < 140; index += 1) {
      await world.clock.run(
        runtime.sync({ type: 'labs.one', tier: 'basic', subject: `s-${index}` }),
      );
    }
    await world.clock.advance(120_000);
    const end = watch();
    await world.clock.advance(2_000);
    const overview = seen.overview as unknown as Overview;
    const health = runtime.getHealthStatus();
    // One may be out as a probe.
    expect(health.waiting.turn).toBeGreaterThanOrEqual(139);
    const { turn, oldestAtMs } = waitsAt(overview.queue, 'labs');
    expect(turn).toBe(health.waiting.turn);
    expect((oldestAtMs ?? 0) - beganAtMs).toBeLessThan(1_000);
    expect(overview.queue).toHaveLength(1);
    expect(overview.queue[0]).toMatchObject({
      ...{ upstream: 'labs', tier: 'basic', priority: 'normal', because: 'breaker' },
      untilAtMs: health.upstreams['labs']?.nextTryAtMs,
    });
    const [first] = troublesOf(overview, new Map());
    expect(first?.text).toBe(`labs is down: ${turn} operations wait for it`);
    expect(health.reasons.join('\n')).toContain(
      `${turn} operations wait for it, the oldest since ${new Date(oldestAtMs ?? 0).toISOString()}; see holdfast operations`,
    );
    end();
    await world.clock.run(runtime.close({ deadlineMs: 1 }));

    // What waits is known from the start on: the file has kept count.
    const again = boot(world, new Set(['labs']));
    await world.clock.run(again.runtime.ready);
    await world.clock.advance(1_000);
    expect(again.runtime.getHealthStatus().waiting.turn).toBeGreaterThanOrEqual(130);
    await world.clock.run(again.runtime.close({ deadlineMs: 1 }));
  });

  test('HM-1 PS-6 a first reading of the counts that fails is made again', async () => {
    const world = createWorld();
    const first = boot(world, new Set(['labs']));
    await world.clock.run(first.runtime.ready);
    first.runtime.upstream('labs').forceOpen('to look');
    await world.clock.run(first.runtime.sync({ type: 'labs.one', tier: 'basic', subject: 's-1' }));
    await world.clock.advance(5_000);
    await world.clock.run(first.runtime.close({ deadlineMs: 1 }));

    const { runtime, store } = boot(world, new Set(['labs']));
    let failures = 1;
    const ask = store.waitingCounts.bind(store);
    Object.assign(store, {
      waitingCounts: async (query: Parameters<typeof ask>[0]) => {
        failures -= 1;
        if (failures >= 0) throw new Error('As the test wanted.');
        return await ask(query);
      },
    });
    await world.clock.run(runtime.ready);
    // Nothing changes meanwhile that would have it read.
    await world.clock.advance(10_000);
    expect(runtime.getHealthStatus().waiting).toMatchObject({ turn: 1 });
    await world.clock.run(runtime.close({ deadlineMs: 1 }));
  });

  test('HM-1 what begins to wait on a slow disk is counted once it is there', async () => {
    const world = createWorld();
    const { runtime, store } = world.boot({
      upstreams: { labs: { attemptTimeoutMs: 120_000 } },
      handlers: {
        'labs.one': {
          upstream: 'labs',
          run: () =>
            new Promise<null>((resolve) => {
              world.clock.schedule(60_000, () => {
                resolve(null);
              });
            }),
        },
      },
    });
    await world.clock.run(runtime.ready);
    const request = {
      ...{ type: 'labs.one', tier: 'basic', subject: 's-1' },
      entity: { type: 'plan', id: 'a' },
    } as const;
    await world.clock.run(runtime.sync(request));
    await world.clock.run(runtime.sync(request));
    await world.clock.advance(5_000);
    expect(runtime.getHealthStatus().waiting).toMatchObject({ inLane: 1, turn: 0 });
    runtime.upstream('labs').forceOpen('to look');
    store.faults.delayMs = () => 2_000;
    await world.clock.advance(90_000);
    expect(runtime.getHealthStatus().waiting).toMatchObject({ inLane: 0, turn: 1 });
    store.faults.delayMs = () => 0;
    await world.clock.run(runtime.close({ deadlineMs: 1 }));
  });
});
