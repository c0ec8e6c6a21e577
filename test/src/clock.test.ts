import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import { TimerService } from '../../actors/platform/timerService.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { VirtualClock } from '../../src/virtual/virtualClock.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WORK: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

/** Whatever may become of the clock of a machine while a process runs on it. */
const JUMPS: readonly (readonly [string, (clock: VirtualClock) => void])[] = [
  ['set back by an hour', (clock) => clock.setWall(-HOUR_MS)],
  ['set back by a day', (clock) => clock.setWall(-DAY_MS)],
  ['set back by a year', (clock) => clock.setWall(-365 * DAY_MS)],
  ['set forward by a day', (clock) => clock.setWall(DAY_MS)],
  ['behind after a sleep that the monotonic clock does not count', (c) => c.suspend(DAY_MS, false)],
];

/** Something that waits: what begins it, how long it lasts, and how its end is seen. */
interface Wait {
  readonly lengthMs: number;
  readonly options: Partial<RuntimeOptions>;
  /** Ends once it waits. */
  readonly begin: (world: World, process: Process) => Promise<void>;
  readonly isOver: (process: Process) => boolean;
}

function failingTimes(failures: number, calls: Attempt[]) {
  return {
    upstream: 'default',
    run: (attempt: Attempt): Json => {
      calls.push(attempt);
      if (calls.length <= failures) throw transientFailure('Busy.');
      return null;
    },
  };
}

const RETRY_MS = 30_000;
const constant = { strategy: 'constant', initialDelayMs: RETRY_MS, delayMsMax: RETRY_MS } as const;

function backoff(): Wait {
  const calls: Attempt[] = [];
  return {
    lengthMs: RETRY_MS,
    options: {
      handlers: { 'payments.push': failingTimes(1, calls) },
      policies: { tiers: { premium: { retry: constant } } },
    },
    begin: async ({ clock }, { runtime }) => {
      await clock.run(runtime.sync(WORK));
      await clock.advance(0);
      expect(calls).toHaveLength(1);
    },
    isOver: () => calls.length === 2,
  };
}

function crisisBackoff(): Wait {
  const calls: Attempt[] = [];
  return {
    lengthMs: RETRY_MS,
    options: {
      handlers: { 'crisis.alert': failingTimes(1, calls) },
      policies: { tiers: { crisis: { retry: constant } } },
    },
    begin: async ({ clock }, { runtime }) => {
      await runtime.crisis({ subject: 'user-42' });
      await clock.advance(0);
      expect(calls).toHaveLength(1);
    },
    isOver: () => calls.length === 2,
  };
}

const COOLDOWN_MS = 20_000;
const oneFailureOpens = {
  breaker: { consecutiveFailuresToOpen: 1 },
  flow: { probeMsMin: COOLDOWN_MS },
};

function cooldown(): Wait {
  const calls: Attempt[] = [];
  return {
    lengthMs: COOLDOWN_MS,
    options: {
      handlers: { 'payments.push': failingTimes(1, calls) },
      policies: { tiers: { premium: { retry: { ...constant, initialDelayMs: 0 } } } },
      upstreams: { default: oneFailureOpens },
    },
    begin: async ({ clock }, { runtime }) => {
      await clock.run(runtime.sync(WORK));
      await clock.advance(0);
      expect(runtime.upstream('default').breaker).toBe('open');
    },
    isOver: ({ runtime }) => runtime.upstream('default').breaker !== 'open',
  };
}

/** A probe that never reports keeps the only place for probes until the next one is due. */
function lease(): Wait {
  const calls: Attempt[] = [];
  return {
    lengthMs: 20_000,
    options: {
      handlers: {
        'payments.push': {
          upstream: 'default',
          attemptTimeoutMs: HOUR_MS,
          run: (attempt) => {
            calls.push(attempt);
            if (calls.length === 1) throw transientFailure('Busy.');
            return new Promise<never>(() => undefined);
          },
        },
      },
      policies: { tiers: { premium: { retry: { ...constant, initialDelayMs: 0 } } } },
      upstreams: {
        default: {
          ...oneFailureOpens,
          breaker: { consecutiveFailuresToOpen: 1, probeLeaseMs: 40_000 },
        },
      },
    },
    begin: async ({ clock }, { runtime }) => {
      await clock.run(runtime.sync(WORK));
      await clock.run(runtime.sync(WORK));
      await clock.advanceUntil(() => calls.length === 2, HOUR_MS, 1);
    },
    isOver: () => calls.length === 3,
  };
}

function attemptDeadline(): Wait {
  let isAborted = false;
  return {
    lengthMs: 10_000,
    options: {
      handlers: {
        'payments.push': {
          upstream: 'default',
          attemptTimeoutMs: 10_000,
          run: ({ signal }) => {
            signal.addEventListener('abort', () => {
              isAborted = true;
            });
            return new Promise<never>(() => undefined);
          },
        },
      },
    },
    begin: async ({ clock }, { runtime }) => {
      // What is left until it expires is a span as well, once the attempt runs.
      await clock.run(runtime.sync({ ...WORK, expiresAtMs: clock.now() + HOUR_MS }));
      await clock.advance(0);
    },
    isOver: () => isAborted,
  };
}

const WAITS: readonly (readonly [string, () => Wait])[] = [
  ['RT-4 a retry that backs off', backoff],
  ['CR-4 a crisis that backs off', crisisBackoff],
  ['CB-2 the cooldown of a breaker', cooldown],
  ['CB-2 the lease of a probe', lease],
  ['RT-2 the deadline of an attempt', attemptDeadline],
];

/** Plants a bug, until the test is over: spans end at an instant of the wall clock. */
function timersByTheWallClock(clock: VirtualClock): void {
  const after = vi.spyOn(TimerService.prototype, 'after');
  after.mockImplementation(function (this: TimerService, spanMs, wake) {
    return this.at(clock.now() + spanMs, wake);
  });
  onTestFinished(() => {
    after.mockRestore();
  });
}

/** How long it takes to its end, the clock doing this at a third of the way. */
async function measure(
  kind: () => Wait,
  jump: (clock: VirtualClock) => void,
  world = createWorld(),
): Promise<number> {
  const wait = kind();
  const process = world.boot(wait.options);
  const { clock } = world;
  await clock.run(process.runtime.ready);
  await wait.begin(world, process);
  const beganMs = clock.monotonic();
  await clock.advance(wait.lengthMs / 3);
  expect(wait.isOver(process)).toBe(false);
  jump(clock);
  await clock.advanceUntil(() => wait.isOver(process), 3 * wait.lengthMs).catch(() => undefined);
  // Where the key may have lapsed meanwhile, it waits for a review once the wait is over.
  const review = expect.objectContaining({ code: 'HF_OUTCOME_UNKNOWN' }) as unknown;
  expect([[], [review]]).toContainEqual(process.errors);
  return clock.monotonic() - beganMs;
}

describe.each(WAITS)('%s', (_, kind) => {
  test.each(JUMPS)('RT-4 waits as long with the clock %s', async (__, jump) => {
    const undisturbedMs = await measure(kind, () => undefined);
    expect(undisturbedMs).toBeGreaterThan(kind().lengthMs / 2);
    expect(undisturbedMs).toBeLessThan(2 * kind().lengthMs);
    expect(Math.abs((await measure(kind, jump)) - undisturbedMs)).toBeLessThanOrEqual(1_000);
  });

  // Control: with timers that go by the wall clock the measure above would be off.
  test('RT-4 would wait too long if its timer went by the wall clock', async () => {
    const undisturbedMs = await measure(kind, () => undefined);
    const world = createWorld();
    timersByTheWallClock(world.clock);
    const disturbedMs = await measure(kind, (clock) => clock.setWall(-HOUR_MS), world);
    expect(disturbedMs - undisturbedMs).toBeGreaterThan(1_000);
  });
});

test.each(JUMPS)(
  'CB-6 an open breaker tells its next try by the wall clock, also %s',
  async (_, jump) => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      upstreams: {
        default: { breaker: { consecutiveFailuresToOpen: 1 }, flow: { probeMsMin: DAY_MS } },
      },
      handlers: { 'payments.push': failingTimes(1, []) },
    });
    await clock.run(runtime.ready);
    await clock.run(runtime.sync(WORK));
    await clock.advance(0);
    const leftMs = (): number => (runtime.upstream('default').nextTryAtMs ?? 0) - clock.now();
    const beforeMs = leftMs();
    expect(beforeMs).toBeGreaterThan(DAY_MS / 2);
    expect(beforeMs).toBeLessThanOrEqual(1.1 * DAY_MS);
    jump(clock);
    expect(leftMs()).toBe(beforeMs);
  },
);

/** What waits until a time that is known: by itself, in a list, and over a restart. */
const SHOWN: readonly (readonly [string, Partial<RuntimeOptions>, string])[] = [
  [
    'a retry that backs off',
    {
      handlers: { 'payments.push': failingTimes(99, []) },
      policies: {
        tiers: {
          premium: { retry: { ...constant, initialDelayMs: 600_000, delayMsMax: 600_000 } },
        },
      },
    },
    'backoff',
  ],
  [
    'the rate of its subject',
    {
      handlers: { 'payments.push': failingTimes(0, []) },
      policies: { defaults: { subjectRate: { perSecond: 1 / 600, burst: 1 } } },
    },
    'rate',
  ],
];

describe.each(SHOWN)('HM-1 until when it waits: %s', (_, options, reason) => {
  test.each(JUMPS)('HM-1 is told by the clock in force, also %s', async (__, jump) => {
    const world = createWorld();
    const { clock } = world;
    const { runtime } = world.boot(options);
    await clock.run(runtime.ready);
    await clock.run(runtime.sync(WORK));
    const { id } = await clock.run(runtime.sync(WORK));
    await clock.advance(2_000);
    const leftMs = async (): Promise<number> => {
      const { views } = await clock.run(runtime.operations.page());
      const { wait, retryAtMs } = await clock.run(runtime.operations.get(id).view());
      expect(wait?.reason).toBe(reason);
      expect(retryAtMs).toBe(wait?.untilAtMs);
      expect(views.find((view) => view.id === id)?.wait).toEqual(wait);
      return (wait?.untilAtMs ?? 0) - clock.now();
    };
    const beforeMs = await leftMs();
    expect(beforeMs).toBeGreaterThan(500_000);
    jump(clock);
    expect(Math.abs((await leftMs()) - beforeMs)).toBeLessThanOrEqual(1_000);
  });
});

test.each(JUMPS)(
  'HM-1 until when a crisis backs off is told by the clock, also %s',
  async (_, jump) => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      handlers: { 'crisis.alert': failingTimes(99, []) },
      policies: { tiers: { crisis: { retry: constant } } },
    });
    await clock.run(runtime.ready);
    const { operationId: id } = await runtime.crisis({ subject: 'user-42' });
    await clock.advance(1_000);
    const leftMs = async (): Promise<number> =>
      ((await clock.run(runtime.operations.get(id ?? '').view())).wait?.untilAtMs ?? 0) -
      clock.now();
    const beforeMs = await leftMs();
    expect(beforeMs).toBeGreaterThan(500);
    jump(clock);
    expect(Math.abs((await leftMs()) - beforeMs)).toBeLessThanOrEqual(1_000);
  },
);
