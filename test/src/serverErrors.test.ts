import { describe, expect, test } from 'vitest';
import type { OperationView } from '../../actors/operation/outcome.ts';
import {
  conflictFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const answered = (status: number): Error =>
  transientFailure(`The upstream answered ${status}.`, { status, notApplied: status === 503 });
const inUse = (): Error => conflictFailure('The upstream answered 409.', { status: 409 });

/** Where an operation stands after the upstream failed so, one call after another, and then worked. */
async function after(
  failures: readonly Error[],
  honoursIdempotencyKey: boolean,
): Promise<{ readonly calls: number; readonly view: OperationView }> {
  const { clock, boot } = createWorld();
  let calls = 0;
  const { runtime } = boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        honoursIdempotencyKey,
        run: () => {
          const failure = failures[calls];
          calls += 1;
          if (failure !== undefined) throw failure;
          return null;
        },
      },
    },
  });
  const operation = await clock.run(
    runtime.sync({ type: 'payments.push', subject: 'user-42', tier: 'premium' }),
  );
  await clock.advance(600_000);
  const view = await clock.run(operation.view());
  await clock.run(runtime.close());
  return { calls, view };
}

describe('RT-2 a 5xx, which may come after the work was done', () => {
  test.each([500, 502, 504])(
    'RT-2 OP-3 %i is left to a person where the upstream honours no key',
    async (status) => {
      const { calls, view } = await after([answered(status)], false);
      expect(calls).toBe(1);
      expect(view.state).toBe('inReview');
      expect(view.failure?.code).toBe('HF_OUTCOME_UNKNOWN');
    },
  );

  test.each([500, 502, 504])('RT-2 %i is repeated where it honours the key', async (status) => {
    const { calls, view } = await after([answered(status)], true);
    expect([calls, view.state]).toEqual([2, 'completed']);
  });

  test.each([true, false])(
    'RT-2 503, which its handler declares as not applied, is repeated: key honoured %s',
    async (isHonoured) => {
      const { calls, view } = await after([answered(503)], isHonoured);
      expect([calls, view.state]).toEqual([2, 'completed']);
    },
  );

  test('RT-2 409 after it is no conflict: the first attempt is still at work', async () => {
    const { calls, view } = await after([answered(504), inUse()], true);
    expect([calls, view.state]).toEqual([3, 'completed']);
  });

  test('RT-2 control: 409 after an attempt that surely changed nothing is a conflict', async () => {
    const { calls, view } = await after([answered(503), inUse()], true);
    expect([calls, view.state]).toEqual([2, 'conflicted']);
  });
});

/** Where an operation stands whose first attempt the upstream works on for so long, with 409 for its repeats meanwhile. */
async function whileAtWork(
  worksForMs: number,
  {
    tier = 'premium',
    base,
    isKept = true,
    lastsMs = 3_600_000,
  }: {
    readonly tier?: 'premium' | 'trial';
    readonly base?: string;
    /** Whether the work is done in the end; else its caller is told 409 for ever. */
    readonly isKept?: boolean;
    readonly lastsMs?: number;
  } = {},
) {
  const { clock, boot } = createWorld();
  const begunMs = clock.monotonic();
  let calls = 0;
  let endedMs = -1;
  const { runtime } = boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        attemptTimeoutMs: 30_000,
        run: async ({ signal }) => {
          calls += 1;
          if (calls === 1) {
            await new Promise((_, reject) => {
              signal.addEventListener('abort', () => {
                reject(signal.reason as Error);
              });
            });
          }
          if (!isKept || clock.monotonic() - begunMs < worksForMs) throw inUse();
          return { receipt: 7 };
        },
      },
    },
  });
  const operation = await clock.run(
    runtime.sync({ type: 'payments.push', subject: 'user-42', tier, base }),
  );
  operation.outcome.then(
    () => {
      endedMs = clock.monotonic() - begunMs;
    },
    // It waits for a person when the runtime is closed.
    () => undefined,
  );
  await clock.advance(lastsMs);
  const view = await clock.run(operation.view());
  await clock.run(runtime.close());
  return { calls, view, endedMs };
}

describe('RT-1 RT-2 409 while the upstream is at work on the first attempt', () => {
  test.each(['premium', 'trial'] as const)(
    'RT-1 a payment of 90 s is no dead letter: %s',
    async (tier) => {
      const { view, endedMs, calls } = await whileAtWork(90_000, { tier });
      expect([view.state, view.attempt]).toEqual(['completed', 2]);
      expect(endedMs).toBeLessThan(120_000);
      expect(calls).toBeLessThan(60);
    },
  );

  test('RT-2 what is still refused when the upstream was up for ten minutes is a conflict, and no dead letter', async () => {
    const early = await whileAtWork(0, { isKept: false, lastsMs: 9 * 60_000 });
    expect(early.view.state).toBe('backingOff');
    const { view, calls } = await whileAtWork(0, { isKept: false });
    expect(view).toMatchObject({
      state: 'conflicted',
      failure: { code: 'HF_CONFLICT' },
    });
    expect(calls).toBeLessThan(150);
  });

  test('RT-1 RT-4 a restart does not begin that anew, and an outage does not count', async () => {
    const { clock, boot } = createWorld();
    let isDown = false;
    const handlers = {
      'payments.push': {
        upstream: 'default',
        run: () => {
          if (!isDown) throw calls++ === 0 ? unknownOutcome('The line broke.') : inUse();
          throw transientFailure('Refused.', {
            code: 'HF_UPSTREAM_UNREACHABLE',
            notApplied: true,
          });
        },
      },
    };
    let calls = 0;
    const first = boot({ handlers });
    const request = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
    const { id } = await clock.run(first.runtime.sync(request));
    await clock.advance(4 * 60_000);
    first.kill();
    const { runtime } = boot({ handlers });
    const stateOf = async () => (await clock.run(runtime.operations.get(id).view())).state;
    await clock.advance(4 * 60_000);
    isDown = true;
    await clock.advance(3_600_000);
    isDown = false;
    await clock.advance(60_000);
    expect(await stateOf()).toBe('backingOff');
    await clock.advance(3 * 60_000);
    expect(await stateOf()).toBe('conflicted');
    await clock.run(runtime.close());
  });

  test('RT-2 a request that names a version soon waits for a person, and is no dead letter either', async () => {
    const { view, calls } = await whileAtWork(0, { isKept: false, base: '"v1"', lastsMs: 120_000 });
    expect([view.state, calls]).toEqual(['conflicted', 7]);
  });
});
