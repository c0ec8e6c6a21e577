import { describe, expect, test } from 'vitest';
import type { Attempt, Handler } from '../../actors/operation/handler.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { transientFailure, unknownOutcome } from '../../machines/policy/retry/classifyFailure.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

/** An upstream that counts what it applies; the first `cutOff` calls never get its answer. */
class Upstream {
  readonly keys: string[] = [];
  applied = 0;
  readonly #seen = new Set<string>();
  readonly #honoursKeys: boolean;
  #cutOff: number;

  constructor(honoursKeys: boolean, cutOff = 1) {
    this.#honoursKeys = honoursKeys;
    this.#cutOff = cutOff;
  }

  readonly run = async ({ idempotencyKey }: Attempt): Promise<null> => {
    this.keys.push(idempotencyKey);
    if (!this.#honoursKeys || !this.#seen.has(idempotencyKey)) this.applied += 1;
    this.#seen.add(idempotencyKey);
    this.#cutOff -= 1;
    return this.#cutOff >= 0 ? await new Promise<never>(() => undefined) : null;
  };
}

/** How a process ends while an attempt is out. */
const ENDS: readonly (readonly [string, (world: World, process: Process) => Promise<void>])[] = [
  [
    'a crash',
    async (_, process) => {
      process.kill();
    },
  ],
  [
    'close()',
    async ({ clock }, { runtime }) => {
      await clock.run(runtime.close({ deadlineMs: 100 }));
    },
  ],
];

/** Runs one operation into its first attempt, ends the process, and starts the next. */
async function cutOffBy(
  end: (world: World, process: Process) => Promise<void>,
  handler: Handler,
): Promise<{ readonly world: World; readonly next: Process; readonly id: string }> {
  const world = createWorld();
  const options = { handlers: { 'payments.push': { ...handler, attemptTimeoutMs: 3_600_000 } } };
  const first = world.boot(options);
  const { id } = await world.clock.run(first.runtime.sync(REQUEST));
  await world.clock.advance(10);
  expect(first.runtime.getHealthStatus().operations.attemptsRunning).toBe(1);
  await end(world, first);
  const next = world.boot(options);
  await world.clock.run(next.runtime.ready);
  await world.clock.advance(600_000);
  return { world, next, id };
}

describe.each(ENDS)('RT-2 an attempt cut off by %s', (_, end) => {
  test('RT-2 OP-3 is left to a person where the upstream honours no key, and runs when told to', async () => {
    const upstream = new Upstream(false);
    const { world, next, id } = await cutOffBy(end, {
      upstream: 'default',
      run: upstream.run,
      honoursIdempotencyKey: false,
    });
    const operation = next.runtime.operations.get(id);
    expect((await world.clock.run(operation.view())).state).toBe('inReview');
    expect(upstream.applied).toBe(1);

    await world.clock.run(operation.retryNow());
    expect(await world.clock.run(operation.outcome)).toMatchObject({ status: 'completed' });
    expect(upstream.keys).toHaveLength(2);
    expect(new Set(upstream.keys).size).toBe(1);
  });

  test('RT-2 OP-3 is repeated under its key where the upstream honours it, and applied once', async () => {
    const upstream = new Upstream(true);
    const { world, next, id } = await cutOffBy(end, { upstream: 'default', run: upstream.run });
    const { outcome } = next.runtime.operations.get(id);
    expect(await world.clock.run(outcome)).toMatchObject({ status: 'completed' });
    expect(upstream.keys).toHaveLength(2);
    expect(new Set(upstream.keys).size).toBe(1);
    expect(upstream.applied).toBe(1);
  });

  test('RT-2 control: a handler that claims a key is honoured when it is not applies twice', async () => {
    const upstream = new Upstream(false);
    const { world, next, id } = await cutOffBy(end, { upstream: 'default', run: upstream.run });
    await world.clock.run(next.runtime.operations.get(id).outcome);
    expect(upstream.applied).toBe(2);
  });

  test('RT-2 OP-3 is left to a person when its key has run out meanwhile', async () => {
    const upstream = new Upstream(true);
    const { world, next, id } = await cutOffBy(
      async (theWorld, process) => {
        await end(theWorld, process);
        await theWorld.clock.advance(10_000);
      },
      { upstream: 'default', run: upstream.run, keyLifetimeMs: 5_000 },
    );
    const { state } = await world.clock.run(next.runtime.operations.get(id).view());
    expect([state, upstream.keys.length]).toEqual(['inReview', 1]);
  });
});

describe('RT-2 a key that runs out', () => {
  // The second row is the control: a key that outlives the wait makes the repeat safe.
  test.each([
    [5_000, 'inReview', 1],
    [86_400_000, 'completed', 2],
  ] as const)(
    'RT-2 keyLifetimeMs %i, held back for a minute: %s',
    async (keyLifetimeMs, state, calls) => {
      const { clock, boot } = createWorld();
      let made = 0;
      const { runtime } = boot({
        handlers: {
          'payments.push': {
            upstream: 'default',
            keyLifetimeMs,
            run: () => {
              made += 1;
              if (made === 1) throw unknownOutcome('The connection broke.');
              return null;
            },
          },
        },
      });
      const operation = await clock.run(runtime.sync(REQUEST));
      await clock.advance(1);
      expect((await clock.run(operation.view())).state).toBe('backingOff');
      runtime.upstream('default').forceOpen('maintenance');
      await clock.advance(60_000);
      expect(made).toBe(1);
      runtime.upstream('default').release();
      await clock.advance(10_000);
      expect((await clock.run(operation.view())).state).toBe(state);
      expect(made).toBe(calls);
    },
  );

  test('RT-2 what surely changed nothing is repeated without any key', async () => {
    const { clock, boot } = createWorld();
    let made = 0;
    const { runtime } = boot({
      handlers: {
        'payments.push': {
          upstream: 'default',
          honoursIdempotencyKey: false,
          run: () => {
            made += 1;
            if (made === 1) throw transientFailure('Busy.');
            return null;
          },
        },
      },
    });
    const operation = await clock.run(runtime.sync(REQUEST));
    expect(await clock.run(operation.outcome)).toMatchObject({ status: 'completed', attempts: 2 });
  });
});
