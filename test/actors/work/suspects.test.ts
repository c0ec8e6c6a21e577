import { expect, test } from 'vitest';
import {
  CRASHES_ALONE_MAX,
  CRASHES_IN_A_ROW_MAX,
  pauseBeforeAloneMs,
  SUSPECTS_IN_FLIGHT_MAX,
} from '../../../machines/policy/retry/crashPolicy.ts';
import type { Tier } from '../../../machines/vocabulary/urgency.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';

const CULPRIT = 'culprit';

/** Handlers of one process after the other: who runs now, and who ever answered. */
class Workshop {
  readonly world: World = createWorld();
  readonly answered: string[] = [];
  running = new Map<string, () => void>();
  runningMax = 0;
  /** Who ran at the moment when the culprit began. */
  besideCulprit: string[] | null = null;

  boot(): Process {
    this.running = new Map();
    this.runningMax = 0;
    this.besideCulprit = null;
    return this.world.boot({
      handlers: {
        work: {
          upstream: 'default',
          run: async ({ subject }) => {
            if (subject === CULPRIT) this.besideCulprit = [...this.running.keys()];
            await new Promise<void>((resolve) => {
              this.running.set(subject, resolve);
              this.runningMax = Math.max(this.runningMax, this.running.size);
            });
            this.running.delete(subject);
            this.answered.push(subject);
            return null;
          },
        },
      },
    });
  }

  async submit(
    { runtime }: Process,
    subjects: readonly string[],
    tier: Tier = 'premium',
  ): Promise<void> {
    for (const subject of subjects) {
      await this.world.clock.run(runtime.sync({ type: 'work', subject, tier }));
    }
    await this.world.clock.advance(100);
  }

  /** What has ended, how, and why. */
  async endings({ runtime }: Process): Promise<readonly string[]> {
    const { views } = await this.world.clock.run(runtime.operations.page());
    return views
      .filter(({ settledAtMs }) => settledAtMs !== null)
      .map(({ subject, state, failure }) => `${subject} ${state} ${failure?.code ?? ''}`);
  }

  /** Lets those that run answer, all but the culprit. */
  async answer(): Promise<void> {
    for (const [subject, resolve] of this.running) if (subject !== CULPRIT) resolve();
    await this.world.clock.advance(100);
  }
}

test('RT-4 what was in flight at a crash runs a few at a time, and new work goes on beside it', async () => {
  const shop = new Workshop();
  const subjects = Array.from({ length: 8 }, (_, number) => `subject-${number}`);
  const first = shop.boot();
  await shop.submit(first, subjects);
  expect(shop.running.size).toBe(subjects.length);
  first.kill();

  const second = shop.boot();
  await shop.world.clock.advance(100);
  expect(shop.running.size).toBe(SUSPECTS_IN_FLIGHT_MAX);
  await shop.submit(second, ['new']);
  expect([...shop.running.keys()]).toContain('new');
  await shop.world.clock.advanceUntil(() => {
    for (const resolve of shop.running.values()) resolve();
    return shop.answered.length === subjects.length + 1;
  }, 5_000);
  // The new one beside them.
  expect(shop.runningMax).toBe(SUSPECTS_IN_FLIGHT_MAX + 1);
});

test('RT-4 SV-3 in flight at three crashes in a row it runs alone, and the others resume after it', async () => {
  const shop = new Workshop();
  let process = shop.boot();
  await shop.submit(process, [CULPRIT, 'bystander']);
  for (let crash = 1; crash <= CRASHES_IN_A_ROW_MAX; crash += 1) {
    expect(shop.running.has(CULPRIT)).toBe(true);
    process.kill();
    process = shop.boot();
    await shop.world.clock.advance(100);
    // The bystander gets through before the second crash, and leaves the culprit.
    if (crash < CRASHES_IN_A_ROW_MAX) await shop.answer();
  }
  expect([...shop.running.keys()]).toEqual([CULPRIT]);
  expect(shop.besideCulprit).toEqual([]);
  expect(shop.answered).toEqual(['bystander']);

  await shop.submit(process, ['new']);
  expect([...shop.running.keys()]).toEqual([CULPRIT]);
  shop.running.get(CULPRIT)?.();
  await shop.world.clock.advance(1_000);
  expect([...shop.running.keys()]).toEqual(['new']);
  expect(shop.answered).toEqual(['bystander', CULPRIT]);
});

test('RT-4 whoever is to run alone waits until nothing is in flight, and nothing new starts meanwhile', async () => {
  const shop = new Workshop();
  let process = shop.boot();
  await shop.submit(process, [CULPRIT], 'trial');
  for (let crash = 1; crash < CRASHES_IN_A_ROW_MAX; crash += 1) {
    process.kill();
    process = shop.boot();
    await shop.world.clock.advance(100);
  }
  // In flight at one crash only, and more urgent: it runs before the culprit.
  await shop.submit(process, ['urgent']);
  process.kill();
  process = shop.boot();
  await shop.world.clock.advance(100);
  expect([...shop.running.keys()]).toEqual(['urgent']);
  await shop.submit(process, ['new']);
  expect([...shop.running.keys()]).toEqual(['urgent']);
  await shop.answer();
  expect([...shop.running.keys()]).toEqual([CULPRIT]);
  expect(shop.besideCulprit).toEqual([]);
  shop.running.get(CULPRIT)?.();
  await shop.world.clock.advance(1_000);
  expect([...shop.running.keys()]).toEqual(['new']);
});

test('RT-4 in flight at three crashes while it ran alone, it goes to the dead letters', async () => {
  const shop = new Workshop();
  let process = shop.boot();
  await shop.submit(process, [CULPRIT]);
  for (let crash = 1; crash <= CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX; crash += 1) {
    expect(shop.running.has(CULPRIT), `crash ${crash}`).toBe(true);
    process.kill();
    process = shop.boot();
    await shop.world.clock.advance(pauseBeforeAloneMs(crash) + 100);
  }
  expect(shop.running.size).toBe(0);
  expect(await shop.endings(process)).toEqual([`${CULPRIT} deadLettered HF_CRASHES_PROCESS`]);
});

test('RT-4 SV-3 beside others that are to run alone too, it is told from them all the same', async () => {
  const shop = new Workshop();
  let process = shop.boot();
  const others = ['a', 'b', 'c'];
  await shop.submit(process, [CULPRIT]);
  await shop.submit(process, others, 'basic');
  let crashes = 0;
  // The process dies as soon as the culprit runs, before any other has answered.
  for (; shop.running.has(CULPRIT) && crashes < 10; crashes += 1) {
    process.kill();
    process = shop.boot();
    await shop.world.clock.advance(100);
    // Each runs once there is nothing else to run.
    for (let step = 0; step < 100 && !shop.running.has(CULPRIT); step += 1) {
      await shop.answer();
    }
  }
  expect(crashes).toBe(CRASHES_IN_A_ROW_MAX + CRASHES_ALONE_MAX);
  expect((await shop.endings(process)).toSorted()).toEqual([
    ...others.map((subject) => `${subject} completed `),
    `${CULPRIT} deadLettered HF_CRASHES_PROCESS`,
  ]);
});

test('RT-4 before it runs alone again the process must live without it, and the others run meanwhile', async () => {
  const shop = new Workshop();
  let process = shop.boot();
  await shop.submit(process, [CULPRIT]);
  for (let crash = 1; crash <= CRASHES_IN_A_ROW_MAX + 1; crash += 1) {
    process.kill();
    process = shop.boot();
    await shop.world.clock.advance(100);
  }
  await shop.submit(process, ['new']);
  expect([...shop.running.keys()]).toEqual(['new']);
  await shop.answer();
  await shop.world.clock.advance(pauseBeforeAloneMs(CRASHES_IN_A_ROW_MAX + 1));
  expect([...shop.running.keys()]).toEqual([CULPRIT]);
});

test('RT-4 whoever keeps killing the process from outside makes no culprit of a bystander', async () => {
  const shop = new Workshop();
  let process = shop.boot();
  await shop.submit(process, [CULPRIT, 'slow']);
  for (let kill = 1; kill <= 50; kill += 1) {
    await shop.world.clock.advance(200);
    process.kill();
    process = shop.boot();
  }
  await shop.world.clock.advance(100);
  expect(await shop.endings(process)).toEqual([]);

  await shop.world.clock.advanceUntil(() => {
    for (const resolve of shop.running.values()) resolve();
    return shop.answered.length === 2;
  });
  expect(shop.answered.toSorted()).toEqual([CULPRIT, 'slow']);
});

test('RT-4 a stop in good order does not spare it: it still runs alone', async () => {
  const shop = new Workshop();
  let process = shop.boot();
  await shop.submit(process, [CULPRIT, 'beside']);
  for (let crash = 1; crash <= CRASHES_IN_A_ROW_MAX; crash += 1) {
    process.kill();
    process = shop.boot();
    await shop.world.clock.advance(100);
    if (crash === 1) await shop.answer();
  }
  expect([...shop.running.keys()]).toEqual([CULPRIT]);
  await shop.world.clock.run(process.runtime.close({ deadlineMs: 0 }));
  process.kill();

  process = shop.boot();
  await shop.submit(process, ['new']);
  await shop.world.clock.advance(1_000);
  await shop.answer();
  await shop.world.clock.advance(1_000);
  expect([...shop.running.keys()]).toEqual([CULPRIT]);
  expect(shop.besideCulprit).toEqual([]);
});
