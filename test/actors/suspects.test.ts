import { expect, test } from 'vitest';
import { CRASHES_IN_A_ROW_MAX, SUSPECTS_IN_FLIGHT_MAX } from '../../machines/policy/crashPolicy.ts';
import type { Tier } from '../../machines/vocabulary/urgency.ts';
import { createWorld, type Process, type World } from '../support/engineHarness.ts';

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

  /** Lets those that run answer, all but the culprit. */
  async answer(): Promise<void> {
    for (const [subject, resolve] of this.running) if (subject !== CULPRIT) resolve();
    await this.world.clock.advance(100);
  }
}

test('RT-4 what was in flight at a crash runs a few at a time, and new work goes on beside it', async () => {
  const shop = new Workshop();
  const subjects = Array.from({ length: 10 }, (_, number) => `subject-${number}`);
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

test('RT-4 in flight once more, alone, it goes to the dead letters', async () => {
  const shop = new Workshop();
  let process = shop.boot();
  await shop.submit(process, [CULPRIT]);
  for (let crash = 0; crash <= CRASHES_IN_A_ROW_MAX; crash += 1) {
    expect(shop.running.has(CULPRIT), `crash ${crash}`).toBe(true);
    process.kill();
    process = shop.boot();
    await shop.world.clock.advance(100);
  }
  expect(shop.running.size).toBe(0);
  const { views } = await shop.world.clock.run(process.runtime.listOperations());
  expect(views).toMatchObject([{ state: 'deadLettered', failure: { code: 'HF_CRASHES_PROCESS' } }]);
});
