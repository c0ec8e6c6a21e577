import { describe, expect, test } from 'vitest';
import type { OperationView } from '../../actors/operation/outcome.ts';
import { conflictFailure, transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
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
