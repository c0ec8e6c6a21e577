import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/port.ts';
import {
  conflictFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import { DEFAULT_RETRY } from '../../machines/policy/retry/retryPolicy.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { TIERS, type Tier } from '../../machines/vocabulary/urgency.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { cases } from '../support/cases.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What an upstream that is out makes of a call. */
const KINDS = {
  refused: () =>
    new TypeError('fetch failed', {
      cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
    }),
  429: () => transientFailure('Too many.', { status: 429, notApplied: true, retryAfterMs: 5_000 }),
  503: () => transientFailure('Not now.', { status: 503, notApplied: true }),
  'an undeclared 503': () => transientFailure('Not now.', { status: 503 }),
  reset: () => Object.assign(new Error('read'), { code: 'ECONNRESET' }),
  /** The upstream has answered: it may have to do with the request. */
  500: () => transientFailure('Broken.', { status: 500 }),
  /** Somebody else has answered in its place, such as the login of a hotel network. */
  'a web page': () => unknownOutcome('A web page came.', { status: 200 }),
} as const;
type Kind = keyof typeof KINDS;

interface Drill {
  readonly kind: Kind;
  readonly outageMs: number;
  readonly tiers: readonly Tier[];
  readonly operations: number;
  readonly policies?: RuntimeOptions['policies'];
}

/** One attempt, after which no time is to be waited. */
const ONE_ATTEMPT = { tiers: { trial: { retry: { attemptsMax: 1, initialDelayMs: 0 } } } } as const;

/** Hands work in, some while the upstream is well, and counts how it ended, long after the outage. */
async function endingsOf(drill: Drill): Promise<Readonly<Record<string, number>>> {
  const world = createWorld();
  const { clock, disk } = world;
  let isOut = false;
  const run = async (): Promise<Json> => {
    await new Promise<void>((resolve) => {
      clock.schedule(5, resolve);
    });
    if (isOut) throw KINDS[drill.kind]();
    return null;
  };
  const options = drill.policies === undefined ? {} : { policies: drill.policies };
  let process = boot(world, run, options);
  // The upstream has served somebody, so that it is known to be well.
  const warmUp = process.runtime.sync({ type: 'warm.up', subject: 'user-1', tier: 'trial' });
  await clock.run((await clock.run(warmUp)).outcome);
  isOut = true;
  const accepted = Array.from({ length: drill.operations }, (_, index) =>
    process.runtime.sync({
      type: 'payments.push',
      subject: `user-${index}`,
      tier: drill.tiers[index % drill.tiers.length] ?? 'trial',
      priority: index % 3 === 0 ? 'high' : 'low',
    }),
  );
  await clock.run(Promise.all(accepted));
  await clock.advance(drill.outageMs / 2);
  process.kill();
  process = boot(world, run, options);
  await clock.run(process.runtime.ready);
  await clock.advance(drill.outageMs / 2);
  isOut = false;
  await clock.advance(10 * MINUTE_MS);
  const { deadLettered, due, held, inHand } = await disk.counts();
  const { views } = await clock.run(process.runtime.operations.page({ limit: 1_000 }));
  const completed = views.filter(({ state }) => state === 'completed').length - 1;
  await clock.run(process.runtime.close());
  return { completed, deadLettered, waiting: due + held + inHand };
}

function boot(
  world: World,
  run: () => Promise<Json>,
  options: Partial<RuntimeOptions> = {},
): Process {
  const handler = { upstream: 'default', run };
  const handlers = { 'payments.push': handler, 'warm.up': handler };
  const process = world.boot({ ...options, handlers });
  process.runtime.ready.catch(() => undefined);
  return process;
}

describe('RT-1 an outage', () => {
  const alone = TIERS.flatMap((tier) =>
    (['refused', 429, 503, 'an undeclared 503', 'reset'] as const).flatMap((kind) =>
      [30_000, 10 * MINUTE_MS, 6 * HOUR_MS]
        // Six hours of each tier, and of each kind with `test:long`.
        .filter((outageMs) => outageMs < HOUR_MS || cases(kind === 'refused', true))
        .map((outageMs) => [kind, outageMs, tier] as const),
    ),
  );

  test.each(alone)(
    'RT-1 RT-4 of %s for %i ms dead-letters no %s operation that is alone',
    async (kind, outageMs, tier) => {
      const endings = await endingsOf({ kind, outageMs, tiers: [tier], operations: 1 });
      expect(endings).toEqual({ completed: 1, deadLettered: 0, waiting: 0 });
    },
  );

  test.each([1, 2])(
    'RT-1 OP-5 of lost connections dead-letters none of %i that have one attempt',
    async (operations) => {
      const drill = { kind: 'reset', outageMs: 30_000, tiers: ['trial'], operations } as const;
      const endings = await endingsOf({ ...drill, policies: ONE_ATTEMPT });
      expect(endings).toEqual({ completed: operations, deadLettered: 0, waiting: 0 });
    },
  );

  test('RT-1 OP-5 control: one that was cut off alone ends once another is answered', async () => {
    const { clock, boot: start } = createWorld();
    let calls = 0;
    const cutOff = (): Json => {
      calls += 1;
      throw KINDS.reset();
    };
    const handlers = {
      'payments.push': { upstream: 'default', run: async () => cutOff() },
      'warm.up': { upstream: 'default', run: async () => null },
    };
    const retry = { attemptsMax: 1, initialDelayMs: 1_000 };
    const { runtime } = start({ handlers, policies: { tiers: { trial: { retry } } } });
    const served = { type: 'warm.up', subject: 'user-1', tier: 'trial' } as const;
    await clock.run((await clock.run(runtime.sync(served))).outcome);
    const request = { type: 'payments.push', subject: 'user-2', tier: 'trial' } as const;
    const { id } = await clock.run(runtime.sync(request));
    await clock.advance(100);
    await clock.run((await clock.run(runtime.sync(served))).outcome);
    await clock.advance(MINUTE_MS);
    const view = await clock.run(runtime.operations.get(id).view());
    expect(view).toMatchObject({ state: 'deadLettered' });
    expect(calls).toBe(1);
    await clock.run(runtime.close());
  });

  test('RT-1 RT-2 no 409 of a key in use ends it for another', async () => {
    const { clock, boot: start } = createWorld();
    let isOut = false;
    let calls = 0;
    // Every other call for this subject finds the one before at work.
    const ofSubject = (subject: string): Error => {
      if (subject !== 'user-1') return KINDS[500]();
      calls += 1;
      const inUse = conflictFailure('In use.', { status: 409 });
      return calls % 2 === 0 ? inUse : transientFailure('Late.', { status: 504 });
    };
    const run = ({ subject }: Attempt): Json => {
      if (isOut) throw ofSubject(subject);
      return null;
    };
    const { runtime } = start({ handlers: { 'payments.push': { upstream: 'default', run } } });
    const request = { type: 'payments.push', tier: 'trial' } as const;
    const served = await clock.run(runtime.sync({ ...request, subject: 'user-0' }));
    await clock.run(served.outcome);
    isOut = true;
    const subjects = ['user-1', 'user-2'];
    const waiting = subjects.map((subject) => runtime.sync({ ...request, subject }));
    const operations = await clock.run(Promise.all(waiting));
    await clock.advance(5 * MINUTE_MS);
    isOut = false;
    await clock.advance(10 * MINUTE_MS);
    const views = await clock.run(Promise.all(operations.map((each) => each.view())));
    expect(views.map(({ state }) => state)).toEqual(['completed', 'completed']);
    await clock.run(runtime.close());
  });

  test('RT-1 RT-2 no page that another has sent in its place ends it', async () => {
    const { clock, boot: start } = createWorld();
    let isOut = false;
    let calls = 0;
    const run = ({ subject }: Attempt): Json => {
      if (isOut && subject === 'user-1') calls += 1;
      if (isOut) throw KINDS[calls % 6 === 5 ? 'a web page' : 500]();
      return null;
    };
    const { runtime } = start({ handlers: { 'payments.push': { upstream: 'default', run } } });
    const request = { type: 'payments.push', tier: 'trial' } as const;
    const served = await clock.run(runtime.sync({ ...request, subject: 'user-0' }));
    await clock.run(served.outcome);
    isOut = true;
    const waiting = ['user-1', 'user-2'].map((subject) => runtime.sync({ ...request, subject }));
    const operations = await clock.run(Promise.all(waiting));
    await clock.advance(5 * MINUTE_MS);
    isOut = false;
    await clock.advance(10 * MINUTE_MS);
    const views = await clock.run(Promise.all(operations.map((each) => each.view())));
    expect(views.map(({ state }) => state)).toEqual(['completed', 'completed']);
    await clock.run(runtime.close());
  });

  const crowds = (['refused', 429, 503, 'reset', 500, 'a web page'] as const).flatMap((kind) =>
    // A learned rate lets out a call a second at least.
    [30_000, 10 * MINUTE_MS, (kind === 429 ? 1 : 6) * HOUR_MS]
      .filter((outageMs) => outageMs < HOUR_MS || cases(kind === 503, true))
      .map((outageMs) => [kind, outageMs] as const),
  );
  const crowd = cases(100, 500);

  test.each(crowds)(
    `RT-1 RT-4 of %s for %i ms dead-letters none of ${crowd}`,
    async (kind, outageMs) => {
      const endings = await endingsOf({ kind, outageMs, tiers: TIERS, operations: crowd });
      expect(endings).toEqual({ completed: crowd, deadLettered: 0, waiting: 0 });
    },
  );

  test.each(TIERS)(
    'RT-1 control: what the upstream answers to a %s operation that alone fails spends its attempts',
    async (tier) => {
      const drill = { kind: 500, outageMs: 6 * HOUR_MS, tiers: [tier], operations: 1 } as const;
      expect(await endingsOf(drill)).toMatchObject({ deadLettered: 1 });
    },
  );
});

describe('RT-1 an operation that the upstream can not serve now', () => {
  test.each([
    ['503', KINDS[503], [200, 400, ...Array.from({ length: 20 }, () => 800)]],
    // Up to the wait before the last attempt, since more calls make it worse.
    [
      '429 that asks for nothing',
      () => transientFailure('Too many.', { status: 429, notApplied: true }),
      [200, 400, 800, 1_600, 3_200, 6_400, 6_400, 6_400],
    ],
  ] as const)(
    'RT-1 RT-4 after %s it waits longer and longer, to a bound, over a restart too',
    async (_, failure, expectedMs) => {
      const world = createWorld();
      const { clock } = world;
      const calledAtMs: number[] = [];
      const run = (): Json => {
        calledAtMs.push(clock.monotonic());
        throw failure();
      };
      // Without chance the waits are the formula itself.
      let ids = 0;
      const uuid = (): string => {
        ids += 1;
        return `5f0c8a52-63c1-4c34-9d0c-${String(ids).padStart(12, '0')}`;
      };
      const options = { random: { next: () => 0, uuid } };
      let process = boot(world, async () => run(), options);
      const { id } = await clock.run(
        process.runtime.sync({ type: 'payments.push', subject: 'user-1', tier: 'premium' }),
      );
      await clock.advance(20_000);
      process.kill();
      process = boot(world, async () => run(), options);
      await clock.advance(600_000);
      const waitsMs = calledAtMs.slice(1).map((atMs, index) => atMs - (calledAtMs[index] ?? 0));
      for (const [index, waitMs] of expectedMs.entries()) {
        // A breaker that is open, or a claim, may add a little.
        expect(waitsMs[index]).toBeGreaterThanOrEqual(waitMs);
        expect(waitsMs[index]).toBeLessThan(waitMs + 3_000);
      }
      const view = await clock.run(process.runtime.operations.get(id).view());
      expect(view).toMatchObject({ state: 'backingOff', attempt: 1 });
      await clock.run(process.runtime.close());
    },
  );

  test('RT-1 is left alone for as long as the upstream asks, an hour at most', async () => {
    const world = createWorld();
    const { clock } = world;
    const calledAtMs: number[] = [];
    const process = boot(world, async () => {
      calledAtMs.push(clock.monotonic());
      const retryAfterMs = calledAtMs.length === 1 ? 90_000 : 24 * HOUR_MS;
      throw transientFailure('Too many.', { status: 429, notApplied: true, retryAfterMs });
    });
    await clock.run(
      process.runtime.sync({ type: 'payments.push', subject: 'user-1', tier: 'trial' }),
    );
    await clock.advance(3 * HOUR_MS);
    const [first = 0, second = 0, third = 0] = calledAtMs;
    expect(second - first).toBeGreaterThanOrEqual(90_000);
    expect(third - second).toBeGreaterThanOrEqual(HOUR_MS);
    expect(third - second).toBeLessThan(HOUR_MS + 10_000);
    await clock.run(process.runtime.close());
  });

  test.each(TIERS)(
    'RT-1 CB-6 a %s operation is done soon after an outage of hours',
    async (tier) => {
      const world = createWorld();
      const { clock } = world;
      let isOut = true;
      const process = boot(world, async () => {
        if (isOut) throw KINDS.refused();
        return null;
      });
      const request = { type: 'payments.push', subject: 'user-1', tier } as const;
      const { id } = await clock.run(process.runtime.sync(request));
      await clock.advance(6 * HOUR_MS);
      isOut = false;
      await clock.advance(20_000);
      const { state } = await clock.run(process.runtime.operations.get(id).view());
      expect(state).toBe('completed');
      await clock.run(process.runtime.close());
    },
  );

  /** One whose every attempt but the last fails on its own, and with whose last one an outage begins. */
  async function endingAtOnset(kind: Kind, tier: Tier): Promise<string> {
    const { clock, boot: start } = createWorld();
    let isOut = false;
    let attempts = 0;
    const run = (): Json => {
      if (isOut) throw KINDS[kind]();
      return null;
    };
    const { runtime } = start({
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: () => {
            attempts += 1;
            if (attempts < DEFAULT_RETRY[tier].attemptsMax) throw transientFailure('Its own.');
            if (attempts === DEFAULT_RETRY[tier].attemptsMax) isOut = true;
            return run();
          },
        },
        'warm.up': { upstream: 'default', run: async () => run() },
      },
    });
    const { id } = await clock.run(
      runtime.sync({ type: 'payments.push', subject: 'user-1', tier }),
    );
    for (let round = 0; round < 1_200; round += 1) {
      await clock.run(runtime.sync({ type: 'warm.up', subject: 'user-2', tier: 'premium' }));
      await clock.advance(100);
    }
    expect(isOut).toBe(true);
    expect(await clock.run(runtime.operations.get(id).view())).toMatchObject({
      state: 'backingOff',
    });
    isOut = false;
    await clock.advance(10 * MINUTE_MS);
    const { state } = await clock.run(runtime.operations.get(id).view());
    await clock.run(runtime.close());
    return state;
  }

  test.each(
    TIERS.flatMap((tier) =>
      (['refused', 429, 503] as const)
        .filter((kind) => cases(kind === 'refused' || tier === 'premium', true))
        .map((kind) => [kind, tier] as const),
    ),
  )(
    'RT-1 of %s that begins with its last attempt dead-letters no %s operation',
    async (...drill) => {
      expect(await endingAtOnset(...drill)).toBe('completed');
    },
  );

  /** One that always fails in this way, beside others of which each succeeds. */
  async function besideOthers(kind: Kind | 'silence'): Promise<string> {
    const { clock, boot: start } = createWorld();
    const { runtime } = start({
      handlers: {
        'payments.push': {
          upstream: 'default',
          attemptTimeoutMs: 500,
          run: ({ signal }) => {
            if (kind !== 'silence') throw KINDS[kind]();
            return new Promise<never>((_, reject) => {
              signal.addEventListener('abort', () => {
                reject(new Error('Stopped.'));
              });
            });
          },
        },
        'warm.up': { upstream: 'default', run: () => null },
      },
    });
    const request = { type: 'payments.push', subject: 'user-1', tier: 'premium' } as const;
    const { id } = await clock.run(runtime.sync(request));
    for (let second = 0; second < 600; second += 1) {
      await clock.run(runtime.sync({ type: 'warm.up', subject: 'user-2', tier: 'premium' }));
      await clock.advance(1_000);
    }
    const { state } = await clock.run(runtime.operations.get(id).view());
    await clock.run(runtime.close());
    return state;
  }

  test.each([
    [503, 'deadLettered'],
    ['an undeclared 503', 'deadLettered'],
    [500, 'deadLettered'],
    ['reset', 'deadLettered'],
    ['silence', 'deadLettered'],
    // Nobody has looked at the request.
    [429, 'backingOff'],
    ['refused', 'backingOff'],
  ] as const)('RT-1 while others are served: after %s it is %s', async (kind, state) => {
    expect(await besideOthers(kind)).toBe(state);
  });
});

describe('OP-5 an operation that is given up', () => {
  /** One that is told to come later: its state and code after each of so many hours. */
  async function refusedFor(hours: readonly number[], isOut: boolean, giveUpAfterMs?: number) {
    const { clock, boot: start } = createWorld();
    const { runtime } = start({
      policies: {
        tiers: {
          premium: {
            retry: {
              initialDelayMs: 30_000,
              ...(giveUpAfterMs === undefined ? {} : { giveUpAfterMs }),
            },
          },
        },
      },
      handlers: {
        'payments.push': {
          upstream: 'default',
          keyLifetimeMs: 365 * 24 * HOUR_MS,
          run: () => {
            const failure = isOut ? KINDS.refused() : KINDS[429]();
            throw failure;
          },
        },
      },
    });
    const request = { type: 'payments.push', subject: 'user-1', tier: 'premium' } as const;
    const { id } = await clock.run(runtime.sync(request));
    const seen: unknown[] = [];
    for (const [index, hour] of hours.entries()) {
      await clock.advance((hour - (hours[index - 1] ?? 0)) * HOUR_MS);
      const { state, failure } = await clock.run(runtime.operations.get(id).view());
      seen.push(`${state} ${failure?.code}`);
    }
    await clock.run(runtime.close());
    return seen;
  }

  test('OP-5 after 72 hours in which its upstream was up, or as its policy says', async () => {
    const givenUp = 'deadLettered HF_GIVEN_UP';
    expect(await refusedFor([71, 73], false)).toEqual([
      expect.stringMatching(/^backingOff /),
      givenUp,
    ]);
    expect(await refusedFor([2], false, HOUR_MS)).toEqual([givenUp]);
  });

  test('OP-5 RT-1 an outage of any length does not count', async () => {
    expect(await refusedFor([12], true, 10 * MINUTE_MS)).not.toEqual([
      expect.stringMatching(/^deadLettered/),
    ]);
  });
});
