import { afterEach, describe, expect, test, vi } from 'vitest';
import { LateAnswers } from '../../../actors/dispatch/lateAnswers.ts';
import type { Tier } from '../../../machines/vocabulary/urgency.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import { seededRandom } from '../../../src/testing/seededRandom.ts';
import { createWorld, type Process } from '../../support/harness/engineHarness.ts';
import { answerLate, type Late, type LateFlow } from '../../support/harness/lateFlow.ts';

const CONCURRENCY = 3;
const CALL_MS = 20;

afterEach(() => {
  vi.restoreAllMocks();
});

/** A runtime whose flow control answers late, and what its handler did. */
function begin(late: () => Late, options: Partial<RuntimeOptions> = {}) {
  const world = createWorld();
  const { clock } = world;
  const flows = answerLate(clock, late);
  const done: string[] = [];
  let running = 0;
  let runningMax = 0;
  const boot = (): Process =>
    world.boot({
      upstreams: { payments: { concurrency: CONCURRENCY } },
      handlers: {
        work: {
          upstream: 'payments',
          run: async ({ subject }) => {
            running += 1;
            runningMax = Math.max(runningMax, running);
            await new Promise<void>((resolve) => {
              clock.schedule(CALL_MS, resolve);
            });
            running -= 1;
            done.push(subject);
            return null;
          },
        },
      },
      ...options,
    });
  /** Once it has looked at its disk and found nothing, so that what comes waits in memory. */
  const bootIdle = async (): Promise<Process> => {
    const process = boot();
    await clock.advance(2_000);
    return process;
  };
  const submit = async ({ runtime }: Process, subject: string, tier: Tier = 'basic') =>
    await clock.run(runtime.sync({ type: 'work', subject, tier }));
  return { world, clock, flows, done, boot, bootIdle, submit, runningMax: () => runningMax };
}

/** At idle as many permits are out as attempts run: none. */
function expectNonePending(process: Process, flows: readonly LateFlow[]): void {
  expect(process.runtime.getHealthStatus().operations.attemptsRunning).toBe(0);
  for (const flow of flows) {
    expect([flow.out.size, flow.inFlight, flow.twice, flow.asked]).toEqual([0, 0, [], 0]);
  }
}

describe('OP-6 a flow control that answers later', () => {
  test.each([
    { title: 'in memory', residentsMax: 1_000 },
    { title: 'on disk, fetched once slots are promised', residentsMax: 1 },
  ])('OP-6 all operations run that wait $title, and never more than slots', async (given) => {
    const { residentsMax } = given;
    const scene = begin(() => ({ afterMs: 7 }), { residentsMax });
    const process = await scene.bootIdle();
    const subjects = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    await Promise.all(subjects.map((subject) => scene.submit(process, subject)));
    await scene.clock.advance(10_000);
    expect(scene.done).toHaveLength(20);
    expect(scene.runningMax()).toBe(CONCURRENCY);
    expectNonePending(process, scene.flows);
    expect(process.errors).toEqual([]);
  });

  test('OP-6 whoever is refused, or can not be answered, goes on once something changes', async () => {
    let questions = 0;
    const scene = begin(() => {
      questions += 1;
      return { afterMs: 5, refuses: questions % 3 === 0, fails: questions === 2 };
    });
    const process = await scene.bootIdle();
    for (let count = 0; count < 6; count += 1) await scene.submit(process, `user-${count}`);
    await scene.clock.advance(1_000);
    for (const flow of scene.flows) flow.change();
    await scene.clock.advance(10_000);
    expect(scene.done).toHaveLength(6);
    expectNonePending(process, scene.flows);
    expect(process.errors).toMatchObject([{ message: 'The flow control can not be reached.' }]);
  });

  test('OP-5 OP-6 what comes for one that was cancelled meanwhile is given back', async () => {
    const scene = begin(() => ({ afterMs: 500 }));
    const process = await scene.bootIdle();
    const operation = await scene.submit(process, 'user-1');
    await scene.clock.advance(100);
    expect(scene.flows.some((flow) => flow.asked > 0)).toBe(true);
    await scene.clock.run(operation.cancel());
    await scene.clock.advance(1_000);
    expect(scene.done).toEqual([]);
    expectNonePending(process, scene.flows);
  });

  test('SV-4 what comes after a stop is given back, and nothing begins', async () => {
    const scene = begin(() => ({ afterMs: 500 }));
    const first = await scene.bootIdle();
    const { id } = await scene.submit(first, 'user-1');
    await scene.clock.advance(100);
    await scene.clock.run(first.runtime.close({ deadlineMs: 10 }));
    await scene.clock.advance(1_000);
    expect(scene.done).toEqual([]);
    expectNonePending(first, scene.flows);
    const second = scene.boot();
    await scene.clock.advance(10_000);
    expect((await scene.clock.run(second.runtime.operations.get(id).view())).state).toBe(
      'completed',
    );
    expectNonePending(second, scene.flows);
  });

  test('SV-4 RT-4 what comes for a suspect after a stop is given back, and it does not begin', async () => {
    let afterMs = 1;
    const scene = begin(() => ({ afterMs }));
    const first = await scene.bootIdle();
    void first.runtime.sync({ type: 'work', subject: 'user-1', tier: 'basic' });
    await scene.clock.advance(5);
    expect([scene.runningMax(), scene.done]).toEqual([1, []]);
    first.kill();
    afterMs = 500;
    const second = scene.boot();
    const flows = scene.flows.slice(-2);
    await scene.clock.advance(100);
    expect(flows.some((flow) => flow.asked > 0)).toBe(true);
    await scene.clock.run(second.runtime.close({ deadlineMs: 10 }));
    await scene.clock.advance(1_000);
    // What the dead process has sent stays sent.
    expect(scene.done).toEqual(['user-1']);
    expectNonePending(second, flows);
  });

  test('RT-4 SV-3 what was in flight at crashes runs again, a few at a time and then alone', async () => {
    const scene = begin(() => ({ afterMs: 3 }));
    let process = scene.boot();
    for (let count = 0; count < 8; count += 1) await scene.submit(process, `user-${count}`);
    for (let crash = 0; crash < 4; crash += 1) {
      await scene.clock.advance(3 + CALL_MS / 2);
      process.kill();
      process = scene.boot();
    }
    const flows = scene.flows.slice(-2);
    await scene.clock.advance(60_000);
    const { views } = await scene.clock.run(process.runtime.operations.page());
    expect(views.filter(({ state }) => state !== 'completed')).toEqual([]);
    expectNonePending(process, flows);
  });

  test.each([1, 2, 3, 4, 5, 6])(
    'OP-6 whatever is answered, cancelled or closed when, no permit is lost (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const pick = (max: number): number => Math.floor(random.next() * max);
      const scene = begin(
        () => ({ afterMs: pick(40), refuses: random.next() < 0.2, fails: random.next() < 0.05 }),
        { residentsMax: 1 + pick(10) },
      );
      const process = await scene.bootIdle();
      for (let count = 0; count < 40; count += 1) {
        const tier = (['premium', 'basic', 'trial'] as const)[pick(3)];
        const operation = await scene.submit(process, `user-${count}`, tier);
        await scene.clock.advance(pick(15));
        if (random.next() < 0.3) operation.cancel().catch(() => undefined);
      }
      for (let round = 0; round < 20; round += 1) {
        await scene.clock.advance(1_000);
        for (const flow of scene.flows) flow.change();
      }
      await scene.clock.advance(10_000);
      const { views } = await scene.clock.run(process.runtime.operations.page());
      const open = views.filter(({ settledAtMs }) => settledAtMs === null);
      expect(open).toEqual([]);
      expect(scene.runningMax()).toBeLessThanOrEqual(CONCURRENCY);
      expectNonePending(process, scene.flows);
    },
  );
});

test('OP-6 control: a permit that comes for nobody and is not given back is caught', async () => {
  // Planted: whoever is forgotten is forgotten with what comes for it.
  vi.spyOn(LateAnswers.prototype, 'await').mockImplementation((_, answer) => {
    answer.catch(() => undefined);
  });
  const scene = begin(() => ({ afterMs: 500 }));
  const process = await scene.bootIdle();
  const operation = await scene.submit(process, 'user-1');
  await scene.clock.advance(100);
  await scene.clock.run(operation.cancel());
  await scene.clock.advance(1_000);
  expect(() => {
    expectNonePending(process, scene.flows);
  }).toThrow(/expected \[ 1, 1/);
});
