import { describe, expect, test } from 'vitest';
import {
  CRASHES_ALONE_MAX,
  CRASHES_IN_A_ROW_MAX,
  SUSPECTS_IN_FLIGHT_MAX,
} from '../../../machines/policy/retry/crashPolicy.ts';
import type { Priority, Tier } from '../../../machines/vocabulary/urgency.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';

const TIMEOUT_MS = 30_000;

/** Two upstreams, one of which stalls; who began where, and who ended. */
function createShop(world: World = createWorld()) {
  const began: string[] = [];
  const ended: string[] = [];
  let stalls = true;
  let healthyMs = 200;
  let lateCulpritMs: number | null = null;
  let process: Process | null = null;
  const wait = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      world.clock.schedule(ms, resolve);
    });
  };
  const boot = (): Process => {
    process = world.boot({
      upstreams: {
        stalled: { concurrency: 64, attemptTimeoutMs: TIMEOUT_MS },
        healthy: { concurrency: 64, attemptTimeoutMs: TIMEOUT_MS },
      },
      handlers: {
        'stalled.work': {
          upstream: 'stalled',
          run: async ({ subject }) => {
            began.push(subject);
            if (stalls) await new Promise<never>(() => undefined);
            ended.push(subject);
            return null;
          },
        },
        'healthy.work': {
          upstream: 'healthy',
          run: async ({ subject }) => {
            began.push(subject);
            await wait(healthyMs);
            ended.push(subject);
            return null;
          },
        },
        'late.culprit': {
          upstream: 'healthy',
          run: async ({ subject }) => {
            began.push(subject);
            await wait(lateCulpritMs ?? 0);
            process?.kill();
            return null;
          },
        },
      },
    });
    return process;
  };
  const submit = async (
    { runtime }: Process,
    type: string,
    subject: string,
    as: { readonly tier: Tier; readonly priority?: Priority },
  ) => await world.clock.run(runtime.sync({ type, subject, ...as }));
  return {
    world,
    began,
    ended,
    boot,
    submit,
    setStalls: (value: boolean) => {
      stalls = value;
    },
    setHealthyMs: (ms: number) => {
      healthyMs = ms;
    },
    setLateCulprit: (ms: number) => {
      lateCulpritMs = ms;
    },
  };
}

describe('SV-3 after a crash', () => {
  const urgent = { tier: 'premium', priority: 'high' } as const;
  const leisurely = { tier: 'trial', priority: 'low' } as const;
  test.each([
    ['less', leisurely, urgent],
    ['more', urgent, leisurely],
  ] as const)(
    'SV-3 suspects of an upstream that stalls, %s urgent, hold nobody back at another',
    async (...[, atStalled, atHealthy]) => {
      const shop = createShop();
      shop.setHealthyMs(TIMEOUT_MS);
      const { clock } = shop.world;
      let process = shop.boot();
      for (let n = 0; n < 8; n += 1) {
        await shop.submit(process, 'stalled.work', `stalled-${n}`, atStalled);
      }
      const sent = Array.from({ length: 32 }, (_, n) =>
        process.runtime.sync({ type: 'healthy.work', subject: `healthy-${n}`, ...atHealthy }),
      );
      await clock.run(Promise.all(sent));
      process.kill();
      // More are in flight at both than may run beside each other.
      const inFlight = shop.began.filter((subject) => subject.startsWith('healthy'));
      expect(inFlight.length).toBeGreaterThan(SUSPECTS_IN_FLIGHT_MAX);
      expect(shop.ended).toEqual([]);
      shop.began.length = 0;
      shop.setHealthyMs(200);
      process = shop.boot();
      await clock.advance(2_000);
      expect(new Set(shop.ended).size).toBe(32);
      expect(shop.began.filter((subject) => subject.startsWith('stalled'))).toHaveLength(
        SUSPECTS_IN_FLIGHT_MAX,
      );
    },
  );

  test('OP-3 SV-3 suspects whose handlers never return hold up the next ones for a time only', async () => {
    const shop = createShop();
    const { clock } = shop.world;
    let process = shop.boot();
    for (let n = 0; n < 8; n += 1) {
      await shop.submit(process, 'stalled.work', `stalled-${n}`, { tier: 'premium' });
    }
    process.kill();
    shop.began.length = 0;
    process = shop.boot();
    await clock.advance(3 * TIMEOUT_MS - 1_000);
    expect(shop.began).toHaveLength(SUSPECTS_IN_FLIGHT_MAX);
    // Their time-outs are an outage by now: the others go out one by one, as its probes.
    await clock.advance(4 * 3 * TIMEOUT_MS);
    expect(shop.began).toHaveLength(8);
    expect(new Set(shop.began).size).toBe(8);
  });

  test('RT-4 SV-3 one that runs alone and hangs stops the others for a second or two, no longer', async () => {
    const shop = createShop();
    const { clock } = shop.world;
    let process = shop.boot();
    await shop.submit(process, 'stalled.work', 'loner', { tier: 'premium' });
    for (let crash = 1; crash <= CRASHES_IN_A_ROW_MAX; crash += 1) {
      process.kill();
      process = shop.boot();
      await clock.advance(100);
    }
    expect(shop.began.filter((subject) => subject === 'loner')).toHaveLength(4);
    await shop.submit(process, 'healthy.work', 'new', { tier: 'premium' });
    expect(shop.began).not.toContain('new');
    await clock.advance(1_500);
    expect(shop.ended).toContain('new');
  });

  test.each(['premium', 'basic', 'trial'] as const)(
    'RT-4 what kills the process is alone in the end beside a %s one whose handler never returns',
    async (tier) => {
      const shop = createShop();
      const { clock } = shop.world;
      let process = shop.boot();
      await shop.submit(process, 'stalled.work', 'hangs', { tier });
      await shop.submit(process, 'stalled.work', 'hangs too', { tier });
      shop.setLateCulprit(1);
      const { id } = await shop.submit(process, 'late.culprit', 'culprit', { tier: 'basic' });
      for (let crashes = 0; crashes < 20; crashes += 1) {
        for (let step = 0; step < 400 && !process.isDead(); step += 1) await clock.advance(100);
        if (!process.isDead()) break;
        process = shop.boot();
        await clock.run(process.runtime.ready);
      }
      const view = await clock.run(process.runtime.operations.get(id).view());
      expect(view.failure?.code).toBe('HF_CRASHES_PROCESS');
    },
  );

  test('RT-4 what kills the process late is alone in the end, and bystanders lose no attempt', async () => {
    const shop = createShop();
    shop.setLateCulprit(5_000);
    const { clock } = shop.world;
    let process = shop.boot();
    const { id } = await shop.submit(process, 'late.culprit', 'culprit', { tier: 'premium' });
    let crashes = 0;
    let bystanders = 0;
    const ids: string[] = [];
    const isOver = async (): Promise<boolean> =>
      (await clock.run(process.runtime.operations.get(id).view())).state === 'deadLettered';
    while (!(await isOver())) {
      // Others are always in flight where they may start.
      for (let step = 0; step < 400 && !process.isDead(); step += 1) {
        const accepted = process.runtime.sync({
          type: 'healthy.work',
          subject: `bystander-${bystanders}`,
          tier: 'basic',
        });
        bystanders += 1;
        accepted.then((operation) => ids.push(operation.id)).catch(() => undefined);
        await clock.advance(100);
      }
      if (!process.isDead()) continue;
      crashes += 1;
      expect(crashes).toBeLessThan(20);
      process = shop.boot();
      await clock.run(process.runtime.ready);
    }
    expect(crashes).toBeGreaterThanOrEqual(CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX);
    const view = await clock.run(process.runtime.operations.get(id).view());
    expect(view.failure?.code).toBe('HF_CRASHES_PROCESS');
    await clock.advance(120_000);
    for (const each of ids) {
      const { state } = await clock.run(process.runtime.operations.get(each).view());
      expect(state).toBe('completed');
    }
  });
});
