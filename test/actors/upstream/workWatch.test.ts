import { afterEach, describe, expect, test, vi } from 'vitest';
import { NO_VERDICT } from '../../../actors/operation/flowControl.ts';
import { LeaseCheck } from '../../../actors/upstream/leaseCheck.ts';
import { Line } from '../../../actors/upstream/line.ts';
import { SuspectQueue } from '../../../actors/upstream/suspectQueue.ts';
import { Dispatcher } from '../../../actors/work/dispatcher.ts';
import { stuckReason } from '../../../machines/policy/service/restartPolicy.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { WAIT_CAUSES } from '../../../machines/vocabulary/standing.ts';
import type { Fact, RuntimeOptions } from '../../../src/index.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const WATCHDOG_MS = 10_000;

afterEach(() => {
  vi.restoreAllMocks();
});

function begin(options: Partial<RuntimeOptions> = {}) {
  const world = createWorld();
  const process = world.boot({
    upstreams: { payments: { concurrency: 2 } },
    handlers: { [REQUEST.type]: { upstream: 'payments', run: () => null } },
    ...options,
  });
  const facts: Fact[] = [];
  process.runtime.subscribe((fact) => {
    facts.push(fact);
  });
  const stuck = () => facts.filter(({ kind }) => kind === 'work.stuck');
  const alerts = () =>
    process.errors.filter((error) => isHoldfastError(error) && error.code === 'HF_WORK_STUCK');
  return { world, process, facts, stuck, alerts };
}

async function submit({ clock }: World, { runtime }: Process, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await clock.run(runtime.sync({ ...REQUEST, subject: `user-${n}` }));
  }
}

describe('HM-1 why work does not begin that is due', () => {
  test('HM-1 where it may run, nobody knows why', () => {
    expect(stuckReason({ may: true }, 5, 0)).toBe('unknown');
  });

  test('HM-1 what passes at a known time, holds calls, or is told elsewhere, explains it', () => {
    const said = WAIT_CAUSES.map((because) => ({ may: false, because, untilAtMs: null }) as const);
    expect(said.flatMap((answer) => stuckReason(answer, 0, 0) ?? [])).toEqual(
      WAIT_CAUSES.filter((cause) => !['start', 'stopping', 'storage', 'operator'].includes(cause)),
    );
    expect(said.flatMap((answer) => stuckReason(answer, 1, 0) ?? [])).toEqual([]);
    const later = { may: false, because: 'breaker', untilAtMs: 100 } as const;
    expect([stuckReason(later, 0, 99), stuckReason(later, 0, 100)]).toEqual([null, 'breaker']);
  });
});

describe('HM-1 a watchdog over work that is due', () => {
  test('HM-1 control: where all is well it tells nothing, and keeps no timer', async () => {
    const { world, process, stuck, alerts } = begin();
    await submit(world, process, 20);
    await world.clock.advance(5 * WATCHDOG_MS);
    expect([stuck(), alerts()]).toEqual([[], []]);
    expect(process.runtime.getHealthStatus().operations.completed).toBe(20);
  });

  test('HM-1 a claim that never comes back is told', async () => {
    const { world, process, stuck, alerts } = begin({ residentsMax: 1 });
    await world.clock.run(process.runtime.ready);
    process.runtime.upstream('payments').forceOpen('maintenance');
    await submit(world, process, 5);
    process.store.claim = async () => await new Promise<never>(() => undefined);
    await world.clock.advance(5 * WATCHDOG_MS);
    // A person has ordered it: that is no defect.
    expect(stuck()).toEqual([]);
    process.runtime.upstream('payments').release();
    await world.clock.advance(3 * WATCHDOG_MS);
    expect(stuck()).toMatchObject([
      { upstream: 'payments', because: expect.stringMatching(/^(slot|ramp)$/) },
    ]);
    expect(alerts()).toHaveLength(1);
  });

  test('HM-1 nobody who looks for work is told of, and it goes on once somebody does', async () => {
    const { world, process, facts, stuck, alerts } = begin();
    await world.clock.run(process.runtime.ready);
    const pump = vi.spyOn(Line.prototype, 'pump').mockImplementation(() => undefined);
    vi.spyOn(Line.prototype, 'tryStart').mockReturnValue(null);
    await submit(world, process, 5);
    await world.clock.advance(3 * WATCHDOG_MS);
    expect(stuck()).toMatchObject([{ upstream: 'payments', because: 'unknown' }]);
    expect(alerts()).toHaveLength(1);
    await world.clock.advance(10 * WATCHDOG_MS);
    expect(alerts().length).toBeLessThan(4);
    pump.mockRestore();
    await submit(world, process, 1);
    await world.clock.advance(3 * WATCHDOG_MS);
    expect(facts.some(({ kind }) => kind === 'work.moving')).toBe(true);
    expect(process.runtime.getHealthStatus().operations.completed).toBe(6);
  });

  test('HM-1 a machine that slept is no stuck work: only the time in which the watch looked counts', async () => {
    const { world, process, stuck, alerts } = begin();
    await world.clock.run(process.runtime.ready);
    const pump = vi.spyOn(Line.prototype, 'pump').mockImplementation(() => undefined);
    vi.spyOn(Line.prototype, 'tryStart').mockReturnValue(null);
    await submit(world, process, 5);
    await world.clock.advance(WATCHDOG_MS / 2 + 100);
    world.clock.suspend(600_000, true);
    await world.clock.advance(0);
    expect([stuck(), alerts(), process.runtime.getHealthStatus().stuck]).toEqual([[], [], []]);
    await world.clock.advance(WATCHDOG_MS);
    expect(stuck()).toMatchObject([{ because: 'unknown' }]);
    expect((stuck()[0] as { forMs: number }).forMs).toBeLessThan(2 * WATCHDOG_MS);
    pump.mockRestore();
  });

  test('HM-1 it looks twice a second at the most, however little is set', async () => {
    const { world, process } = begin({ policies: { defaults: { watchdogMs: 1 } } });
    await world.clock.run(process.runtime.ready);
    process.runtime.upstream('payments').forceOpen('maintenance');
    await submit(world, process, 1);
    const timers = vi.spyOn(world.clock, 'schedule');
    await world.clock.advance(10_000);
    expect(timers.mock.calls.length).toBeGreaterThan(10);
    expect(timers.mock.calls.length).toBeLessThan(100);
  });

  test('HM-1 SV-3 suspects that nobody starts are told of', async () => {
    const world = createWorld();
    const hung = world.boot({
      upstreams: { payments: { concurrency: 2 } },
      handlers: {
        [REQUEST.type]: {
          upstream: 'payments',
          run: async () => await new Promise<never>(() => undefined),
        },
      },
    });
    await submit(world, hung, 2);
    hung.kill();
    vi.spyOn(SuspectQueue.prototype, 'startNext').mockReturnValue(false);
    vi.spyOn(SuspectQueue.prototype, 'take').mockReturnValue(false);
    const next = world.boot({
      upstreams: { payments: { concurrency: 2 } },
      handlers: { [REQUEST.type]: { upstream: 'payments', run: () => null } },
    });
    await world.clock.advance(4 * WATCHDOG_MS);
    expect(
      next.errors.filter((error) => isHoldfastError(error) && error.code === 'HF_WORK_STUCK'),
    ).toHaveLength(1);
  });
});

describe('OP-6 a permit whose holder is gone', () => {
  /** Planted: the permits of the first calls to end are not given back. */
  async function loseAll() {
    const scene = begin();
    const { world, process } = scene;
    await world.clock.run(process.runtime.ready);
    const lost = vi.spyOn(Dispatcher.prototype, 'attemptEnded').mockReturnValue(NO_VERDICT);
    await submit(world, process, 2);
    await world.clock.advance(100);
    lost.mockRestore();
    expect(process.runtime.upstream('payments').inFlight).toBe(2);
    await submit(world, process, 5);
    return scene;
  }

  test('OP-6 is given back, which is told, and work goes on', async () => {
    const { world, process, stuck } = await loseAll();
    await world.clock.advance(30_000);
    expect(process.errors.map(String)).toEqual([
      expect.stringMatching(/kept a slot of payments/),
      expect.stringMatching(/kept a slot of payments/),
    ]);
    expect(process.runtime.getHealthStatus().operations.completed).toBe(7);
    expect(process.runtime.upstream('payments').inFlight).toBe(0);
    expect(stuck()).toEqual([]);
  });

  test('OP-6 HM-1 control: were it not, the watchdog tells that nothing holds the slots', async () => {
    vi.spyOn(LeaseCheck.prototype, 'took').mockImplementation(() => undefined);
    const { world, process, stuck, alerts } = await loseAll();
    await world.clock.advance(30_000);
    expect(process.runtime.getHealthStatus().operations.completed).toBe(2);
    expect(stuck()).toMatchObject([
      { upstream: 'payments', because: expect.stringMatching(/^(slot|ramp)$/) },
    ]);
    expect(alerts()).toHaveLength(1);
  });
});
