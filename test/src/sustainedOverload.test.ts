/**
 * More arrives at an upstream than it takes, for hours: what is urgent goes first, and nobody waits for
 * ever. With controls.
 */

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import { TurnShare } from '../../machines/scheduler/mayRun.ts';
import type { Priority, Tier } from '../../machines/vocabulary/urgency.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { cases } from '../support/cases.ts';
import { createWorld, type Process } from '../support/harness/engineHarness.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const CALL_MS = 1_000;
/** A little more often than two slots take it. */
const EVERY_MS = 450;

interface Story {
  /** How long the urgent requests keep coming. */
  readonly forMs: number;
  readonly options?: Partial<RuntimeOptions>;
  /** Who overloads the upstream. */
  readonly urgent?: 'operations' | 'calls';
  /** The ranks of those that wait behind. */
  readonly behind?: readonly (readonly [Priority, Tier])[];
  /** How many of each; ten where it is left out. */
  readonly ofEach?: number;
  readonly inOneLane?: boolean;
  /** The process is killed, and another is started, so often. */
  readonly killEveryMs?: number;
}

interface Told {
  /** What ran behind, in the order in which it ended. */
  readonly behind: readonly string[];
  readonly urgent: number;
  /** The longest that a crisis waited for its delivery. */
  readonly crisisMs: number;
  readonly errors: readonly unknown[];
}

async function play(story: Story): Promise<Told> {
  const { clock, boot } = createWorld();
  const behind = new Set<string>();
  let urgent = 0;
  let crisisMs = 0;
  const errors: unknown[] = [];
  const work = async ({ payload, priority, signal }: Attempt): Promise<null> => {
    const { name, sentAtMs } = payload as { name: string; sentAtMs: number };
    if (priority === 'crisis') crisisMs = Math.max(crisisMs, clock.now() - sentAtMs);
    await new Promise<void>((resolve, reject) => {
      clock.schedule(CALL_MS, resolve);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
    if (name === 'urgent') urgent += 1;
    else if (priority !== 'crisis') behind.add(name);
    return null;
  };
  const start = async (): Promise<Process> => {
    const process = boot({
      upstreams: { default: { concurrency: 2 } },
      handlers: { 'a.b': { upstream: 'default', run: work } },
      ...story.options,
    });
    await clock.run(process.runtime.ready);
    return process;
  };
  let life = await start();
  const hand = (name: string, priority: Priority, tier: Tier, lane = name): void => {
    const process = life;
    const entity = name === 'urgent' ? {} : { entity: { type: 'account', id: lane } };
    const payload = { name, sentAtMs: clock.now() };
    const handed =
      priority === 'crisis'
        ? process.runtime.crisis({ subject: 'user-1', type: 'a.b', payload })
        : process.runtime.sync({
            type: 'a.b',
            subject: 'user-1',
            tier,
            priority,
            payload,
            ...entity,
          });
    Promise.resolve(handed).catch((error: unknown) => {
      if (!process.isDead()) errors.push(error);
    });
  };
  const urge = (): void => {
    if (story.urgent !== 'calls') {
      hand('urgent', 'high', 'premium');
      return;
    }
    const call = async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        clock.schedule(CALL_MS, resolve);
      });
      urgent += 1;
    };
    // More than may wait are refused.
    life.runtime
      .call('default', call, { priority: 'high', tier: 'premium' })
      .catch(() => undefined);
  };
  const endsAtMs = clock.now() + story.forMs;
  for (let n = 0; n < 20; n += 1) urge();
  for (const [priority, tier] of story.behind ?? [['low', 'trial'] as const]) {
    for (let n = 0; n < (story.ofEach ?? 10); n += 1) {
      hand(
        `${priority} ${tier} ${n}`,
        priority,
        tier,
        story.inOneLane === true ? 'one' : undefined,
      );
    }
  }
  let diesAtMs = clock.now() + (story.killEveryMs ?? Number.POSITIVE_INFINITY);
  for (let n = 1; clock.now() < endsAtMs; n += 1) {
    await clock.advance(EVERY_MS);
    urge();
    if (n % 1_000 === 0) hand('crisis', 'crisis', 'trial');
    if (clock.now() < diesAtMs) continue;
    life.kill();
    errors.push(...life.errors);
    life = await start();
    diesAtMs = clock.now() + (story.killEveryMs ?? Number.POSITIVE_INFINITY);
  }
  errors.push(...life.errors);
  life.kill();
  return { behind: [...behind], urgent, crisisMs, errors };
}

const EVERY_RANK = (['high', 'normal', 'low'] as const)
  .flatMap((priority) =>
    (['premium', 'basic', 'trial'] as const).map((tier) => [priority, tier] as const),
  )
  .slice(1);

describe('an upstream that is asked for more than it takes, for hours', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('DG-2 the least urgent gets through, the most urgent goes first, and a crisis waits for neither', async () => {
    const forMs = cases(HOUR_MS / 3, HOUR_MS);
    const told = await play({ forMs });
    expect(told.behind).toHaveLength(10);
    // Two calls a second, of which 31 in 32 are for the most urgent while anything else waits.
    const turns = (2 * forMs) / CALL_MS;
    expect(told.urgent).toBeGreaterThan(0.98 * (turns - 10));
    expect(told.crisisMs).toBe(0);
    expect(told.errors).toEqual([]);
  });

  test('DG-2 control: without a share for what is less urgent none of it gets through', async () => {
    vi.spyOn(TurnShare.prototype, 'rankOwed').mockReturnValue(null);
    const told = await play({ forMs: HOUR_MS / 3 });
    expect(told.behind).toEqual([]);
  });

  test.each<[string, Story]>([
    ['of every rank', { forMs: 20 * MINUTE_MS, behind: EVERY_RANK, ofEach: 3 }],
    ['with nothing kept in memory', { forMs: 5 * MINUTE_MS, options: { residentsMax: 1 } }],
    [
      'with one slot',
      { forMs: 10 * MINUTE_MS, options: { upstreams: { default: { concurrency: 1 } } } },
    ],
    [
      'at a rate',
      {
        forMs: 5 * MINUTE_MS,
        options: {
          upstreams: { default: { concurrency: 16, rate: { perSecond: 2, burst: 2 } } },
        },
      },
    ],
    ['in one lane', { forMs: 5 * MINUTE_MS, inOneLane: true }],
    ['behind guarded calls', { forMs: 5 * MINUTE_MS, urgent: 'calls' }],
    ['over restarts', { forMs: 5 * MINUTE_MS, killEveryMs: 30_000 }],
    ['over restarts after a few turns', { forMs: 5 * MINUTE_MS, ofEach: 3, killEveryMs: 7_000 }],
  ])('DG-2 OP-6 the less urgent gets through, %s', async (_title, story) => {
    const told = await play(story);
    expect(told.behind).toHaveLength((story.ofEach ?? 10) * (story.behind?.length ?? 1));
    expect(told.crisisMs).toBe(0);
  });
});
