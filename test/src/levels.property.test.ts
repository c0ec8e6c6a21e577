/**
 * Several upstreams that fail and come back, orders of operators and a disk that fails, in any order: no
 * level is called for by another upstream, crises arrive at every level, and in the end all is well
 * (DG-1, DG-2, CB-3).
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { TIERS } from '../../machines/vocabulary/urgency.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const NAMES = ['payments', 'mail', 'clinic'] as const;
const upstream = fc.constantFrom(...NAMES);

function kindOf<const Kind extends string>(kind: Kind): fc.Arbitrary<Kind> {
  return fc.constant(kind);
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kindOf('work'),
      upstream,
      tier: fc.constantFrom(...TIERS),
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('fails'), upstream, isDown: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('pass'), ms: fc.nat(20_000) }) },
  { weight: 3, arbitrary: fc.record({ kind: kindOf('crisis') }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kindOf('order'), upstream, isHeld: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('disk'), isIll: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function scene() {
  const world = createWorld();
  const down = new Set<string>();
  const ends = new Set<string>();
  const handlerOf = (name: string) => ({
    upstream: name,
    run: ({ operationId }: { readonly operationId: string }) => {
      if (down.has(name)) throw transientFailure('Down.', { status: 503, notApplied: true });
      ends.add(operationId);
      return null;
    },
  });
  const { runtime, store } = world.boot({
    upstreams: Object.fromEntries(NAMES.map((name) => [name, {}])),
    handlers: {
      ...Object.fromEntries(NAMES.map((name) => [`${name}.push`, handlerOf(name)])),
      'crisis.alert': handlerOf('clinic'),
    },
  });
  return { ...world, runtime, store, down };
}

/** A level that something of its own calls for: its breaker, too few slots, or what all share. */
function expectOwnCauses({ runtime }: ReturnType<typeof scene>): void {
  const { level: shared, upstreams } = runtime.getHealthStatus();
  for (const { breaker, level, causes } of Object.values(upstreams)) {
    const isWell = breaker === 'closed' || breaker === 'disabled' || breaker === 'observing';
    if (level === 'normal' || shared !== 'normal') continue;
    expect(causes).not.toEqual([]);
    if (isWell) expect(level).toBe('limited');
  }
}

async function check(steps: readonly Step[]): Promise<void> {
  const its = scene();
  const { clock, runtime, store, down } = its;
  await clock.run(runtime.ready);
  let isIll = false;
  for (const each of steps) {
    switch (each.kind) {
      case 'work':
        for (let count = 0; count < each.count && !isIll; count += 1) {
          await clock.run(
            runtime.sync({ type: `${each.upstream}.push`, subject: 'user-1', tier: each.tier }),
          );
        }
        break;
      case 'fails':
        if (each.isDown) down.add(each.upstream);
        else down.delete(each.upstream);
        break;
      case 'crisis': {
        const { delivery, elapsedMs } = await runtime.crisis({ subject: 'user-1' });
        expect(elapsedMs).toBe(0);
        // Whatever the level, breaker and disk: it goes out at once.
        if (!down.has('clinic')) {
          expect((await clock.run(delivery, 10_000)).status).toBe('completed');
        } else void delivery.catch(() => undefined);
        break;
      }
      case 'order':
        if (each.isHeld) runtime.upstream(each.upstream).forceOpen('maintenance', 'ana');
        else if (runtime.upstream(each.upstream).hold !== null) {
          runtime.upstream(each.upstream).release();
        }
        break;
      case 'disk':
        isIll = each.isIll;
        store.faults.fate = () => (isIll ? 'failsUnwritten' : 'works');
        await clock.advance(10_000);
        break;
      default:
        await clock.advance(each.ms);
    }
    expectOwnCauses(its);
  }
  down.clear();
  store.faults.fate = () => 'works';
  await clock.advance(10_000);
  for (const name of NAMES) {
    while (runtime.upstream(name).hold !== null) runtime.upstream(name).release();
    // Where somebody held it open, the first call shows that it is up.
    await clock.run(
      runtime.sync({ type: `${name}.push`, subject: 'user-1', tier: 'basic' }),
      60_000,
    );
  }
  await clock.advanceUntil(() => {
    const { accepted, completed } = runtime.getHealthStatus().operations;
    return completed === accepted;
  });
  await clock.advance(60_000);
  const { level, upstreams, operations } = runtime.getHealthStatus();
  expect([level, operations.deadLettered]).toEqual(['normal', 0]);
  for (const each of Object.values(upstreams)) {
    expect([each.breaker, each.level, each.inFlight]).toEqual(['closed', 'normal', 0]);
  }
}

describe('any history of several upstreams', () => {
  test('DG-1 DG-2 CB-3 a level is its own upstream’s, and crises pass at each', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), check), {
      numRuns: 25,
      seed: 9,
      endOnFailure: true,
    });
  });
});
