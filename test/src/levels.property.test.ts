/**
 * Several upstreams that fail and come back, orders of operators and a disk that fails, in any order: no
 * level is called for by another upstream, crises arrive at every level, and in the end all is well
 * (DG-1, DG-2, CB-3). A control for each.
 *
 * @module
 */

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ServiceLevel } from '../../actors/upstream/serviceLevel.ts';
import { UpstreamScheduler } from '../../actors/upstream/upstreamScheduler.ts';
import { CrisisTurns } from '../../actors/work/crisisTurns.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
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

/**
 * A level that something of its own calls for: its breaker, too few slots, or what all share, which is
 * the disk and nothing of an upstream.
 */
function expectOwnCauses({ runtime }: ReturnType<typeof scene>, isDiskIll: boolean): void {
  const { level: shared, upstreams } = runtime.getHealthStatus();
  if (!isDiskIll) expect(shared).toBe('normal');
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
    expectOwnCauses(its, isIll);
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

const histories = fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), check);
const RUN = { numRuns: 25, seed: 9, endOnFailure: true } as const;

describe('any history of several upstreams', () => {
  test('DG-1 DG-2 CB-3 a level is its own upstream’s, and crises pass at each', async () => {
    await fc.assert(histories, RUN);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** What the first history says in which a planted bug shows. */
  async function found(): Promise<string> {
    const { errorInstance } = await fc.check(histories, RUN);
    return errorInstance instanceof Error ? errorInstance.message : 'nothing';
  }

  test('DG-2 control: a level that parks for good, without a trickle, is found', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { tryEnter } = UpstreamScheduler.prototype;
    const parking = new Set<UpstreamScheduler>();
    const park = function park(this: UpstreamScheduler, asker: Parameters<typeof tryEnter>[0]) {
      if (asker.urgency > this.urgencyBound) parking.add(this);
      return parking.has(this) && asker.urgency > 4 ? null : tryEnter.call(this, asker);
    };
    vi.spyOn(UpstreamScheduler.prototype, 'tryEnter').mockImplementation(park);
    expect(await found()).toMatch(/^Not done after/);
  });

  test('DG-1 control: a level that never gets better is found', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { measure } = ServiceLevel.prototype;
    vi.spyOn(ServiceLevel.prototype, 'measure').mockImplementation(function once(
      this: ServiceLevel,
    ) {
      if (this.level === 'normal') measure.call(this);
    });
    expect(await found()).toMatch(/limited|criticalOnly|offline|Not done/);
  });

  test('DG-1 control: a level that another upstream calls for is found', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const proper = Object.getOwnPropertyDescriptor(ServiceLevel.prototype, 'level')?.get;
    const down = new Set<ServiceLevel>();
    vi.spyOn(ServiceLevel.prototype, 'level', 'get').mockImplementation(function spread(
      this: ServiceLevel,
    ) {
      if (this.causes.includes('breaker')) down.add(this);
      else down.delete(this);
      return down.size > 0 ? 'offline' : (proper?.call(this) as Level);
    });
    expect(await found()).toMatch(/expected '?offline|not to deeply equal \[\]/);
  });

  test('DG-2 control: crises that wait for a level are found', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { awaitPlace } = CrisisTurns.prototype;
    vi.spyOn(CrisisTurns.prototype, 'awaitPlace').mockImplementation(function wait(
      this: CrisisTurns,
      ...given
    ) {
      const [, queue] = given;
      return (queue?.flow.urgencyBound ?? 1) < 1
        ? () => undefined
        : awaitPlace.call(this, ...given);
    });
    expect(await found()).toMatch(/^Not done after 1[0-9]{4} ms/);
  });
});
