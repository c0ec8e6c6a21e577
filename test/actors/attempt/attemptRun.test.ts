import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttemptOrder,
  AttemptRun,
  type AttemptVerdict,
} from '../../../actors/attempt/attemptRun.ts';
import { Exceptions } from '../../../actors/attempt/exceptions.ts';
import type { Attempt, Handler, Run } from '../../../actors/attempt/handler.ts';
import { raiseAlerts } from '../../../actors/facts/alerts.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { SteadyClock } from '../../../actors/time/steadyClock.ts';
import { TimerService } from '../../../actors/time/timerService.ts';
import {
  newOperation,
  type SyncOperationContext,
} from '../../../machines/operation/syncOperationMachine.ts';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import { DEFAULT_RETRY } from '../../../machines/policy/retry/retryPolicy.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { seededRandom } from '../../../src/testing/seededRandom.ts';
import { VirtualClock } from '../../../src/testing/virtualClock.ts';

const TIMEOUT_MS = 1_000;
const STOPPED = new HoldfastError('HF_CLOSED', 'The runtime is closing.', { withStack: false });

interface Given {
  readonly context?: Partial<SyncOperationContext>;
  readonly handler?: Partial<Handler>;
  readonly order?: Partial<AttemptOrder>;
  readonly timers?: (clock: VirtualClock) => TimerService;
  readonly onError?: () => void;
}

/** One attempt with nothing of an engine around it: no resident, no journal, no upstream. */
function perform(run: Run, given: Given = {}) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => {
    errors.push(error);
    given.onError?.();
  };
  const verdicts: AttemptVerdict[] = [];
  const context: SyncOperationContext = {
    ...newOperation({
      id: '0190a0a0-1111-7222-8333-444455556666',
      type: 'payments.push',
      subject: 'user-42',
      entity: null,
      tier: 'basic',
      priority: 'normal',
      idempotencyKey: 'key-1',
      fingerprint: null,
      method: null,
      path: null,
      acceptedAtMs: clock.now(),
      expiresAtMs: null,
      attemptsMax: 5,
    }),
    ...given.context,
  };
  const facts = new FactStream(clock);
  raiseAlerts({ facts, clock, onAlert: onError });
  const attempt = new AttemptRun(
    {
      clock,
      steady: new SteadyClock(clock, () => undefined),
      random: seededRandom(1),
      timers: given.timers?.(clock) ?? new TimerService(clock, onError),
      exceptions: new Exceptions({ facts }),
      retry: () => DEFAULT_RETRY,
      facts,
      onError,
    },
    {
      context,
      body: '{"payload":{"amount":5},"base":{"amount":4}}',
      handler: { upstream: 'payments', run, ...given.handler },
      timeoutMs: TIMEOUT_MS,
      ...given.order,
    },
    (verdict) => verdicts.push(verdict),
  );
  attempt.begin();
  return { clock, attempt, verdicts, errors, context };
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}

describe('OP-3 an attempt performed for whoever has a context and a payload', () => {
  test('OP-3 the handler sees the request, the attempt and one trace', async () => {
    const seen: Attempt[] = [];
    const { clock, context } = perform(
      (attempt) => {
        seen.push(attempt);
        return null;
      },
      { context: { attempt: 18 } },
    );
    await clock.advance(0);
    expect(seen[0]).toMatchObject({
      operationId: context.id,
      number: 18,
      idempotencyKey: 'key-1',
      payload: { amount: 5 },
      base: { amount: 4 },
      deadlineAtMs: context.acceptedAtMs + TIMEOUT_MS,
      traceparent: '00-0190a0a0111172228333444455556666-0000000000000012-01',
    });
  });

  test('OP-3 CF-7 a success says so, with the answer kept as a copy and its card data masked', async () => {
    const answer = { order: 'a1', card: '4111 1111 1111 1111' };
    const { clock, verdicts } = perform(() => answer);
    await clock.advance(0);
    answer.order = 'changed since';
    expect(verdicts).toMatchObject([
      { event: { type: 'attempt.succeeded' }, result: 'success', response: { order: 'a1' } },
    ]);
    expect(JSON.stringify(verdicts)).not.toContain('4111');
  });

  test('RT-1 RT-2 a failure says when it may be tried again, and how long its upstream asked for', async () => {
    const { clock, verdicts, context } = perform(() => {
      throw transientFailure('Busy.', { status: 503, retryAfterMs: 7_000 });
    });
    await clock.advance(0);
    expect(verdicts).toMatchObject([
      {
        event: { type: 'attempt.failed', isRepeatSafe: true, failure: { status: 503 } },
        result: 'failure',
        retryAfterMs: 7_000,
        response: undefined,
      },
    ]);
    const [verdict] = verdicts;
    const event = verdict?.event;
    expect(event?.type === 'attempt.failed' && event.retryAtMs).toBe(context.acceptedAtMs + 7_000);
  });

  test('OP-5 its deadline is the timeout, or the expiry where that comes first', async () => {
    for (const [expiresInMs, endsInMs] of [
      [400, 400],
      [5_000, TIMEOUT_MS],
    ] as const) {
      const begun = new VirtualClock().now();
      const { clock, verdicts } = perform(never, { context: { expiresAtMs: begun + expiresInMs } });
      await clock.advance(endsInMs - 1);
      expect(verdicts).toEqual([]);
      await clock.advance(1);
      expect(verdicts).toMatchObject([
        { event: { type: 'attempt.failed', failure: { code: 'HF_ATTEMPT_TIMED_OUT' } } },
      ]);
    }
  });

  test('SV-4 aborted, it is interrupted at once and says nothing about its upstream', () => {
    const { attempt, verdicts } = perform(never);
    attempt.abort(STOPPED);
    expect(verdicts).toMatchObject([{ event: { type: 'attempt.interrupted' }, result: 'ignored' }]);
    expect(attempt.isOver).toBe(true);
  });

  test('SE-5 nothing goes out for a payload that is gone', async () => {
    let calls = 0;
    const run = (): null => {
      calls += 1;
      return null;
    };
    const { clock, verdicts } = perform(run, { order: { body: null } });
    await clock.advance(0);
    expect(calls).toBe(0);
    expect(verdicts).toMatchObject([
      { event: { failure: { code: 'HF_RECORD_TAMPERED', failureClass: 'permanent' } } },
    ]);
  });

  test('CR-1 the handler of a crisis is called after whoever began it goes on', async () => {
    let calls = 0;
    const run = (): null => {
      calls += 1;
      return null;
    };
    const { clock, verdicts } = perform(run, { context: { priority: 'crisis' } });
    expect(calls).toBe(0);
    await clock.advance(0);
    expect([calls, verdicts.length]).toEqual([1, 1]);
  });

  test('SV-2 a listener that aborts the attempt while it fails does not end it twice', async () => {
    let abort = (): void => undefined;
    const { clock, attempt, verdicts, errors } = perform(
      () => {
        throw new TypeError('A bug.');
      },
      {
        onError: () => {
          abort();
        },
      },
    );
    abort = () => {
      attempt.abort(STOPPED);
    };
    await clock.advance(0);
    expect(errors).toHaveLength(1);
    expect(verdicts).toHaveLength(1);
  });
});

/** What may happen to one attempt, and when. */
interface Course {
  readonly answersAtMs: number;
  readonly isAnswerGood: boolean;
  readonly abortedAtMs: number | null;
}

async function follow({ answersAtMs, isAnswerGood, abortedAtMs }: Course, given: Given = {}) {
  const { clock, attempt, verdicts } = perform(
    () =>
      new Promise((resolve, reject) => {
        clock.schedule(answersAtMs, () => {
          if (isAnswerGood) resolve('paid');
          else reject(transientFailure('Busy.'));
        });
      }),
    // A crisis is called later, when the clock is there.
    { ...given, context: { priority: 'crisis' } },
  );
  if (abortedAtMs !== null) clock.schedule(abortedAtMs, () => attempt.abort(STOPPED));
  await clock.advance(3 * TIMEOUT_MS);
  return verdicts;
}

test('OP-3 SV-4 whatever comes first ends it, and it ends once', async () => {
  const instants = fc.integer({ min: 1, max: 2 * TIMEOUT_MS });
  const courses = fc.record({
    answersAtMs: instants,
    isAnswerGood: fc.boolean(),
    abortedAtMs: fc.option(instants),
  });
  await fc.assert(
    fc.asyncProperty(courses, async (course) => {
      const { answersAtMs, isAnswerGood, abortedAtMs } = course;
      const firstMs = Math.min(answersAtMs, abortedAtMs ?? TIMEOUT_MS, TIMEOUT_MS);
      // Two of them in one instant: either may be first.
      fc.pre([answersAtMs, abortedAtMs, TIMEOUT_MS].filter((ms) => ms === firstMs).length === 1);
      const verdicts = await follow(course);
      const answered = isAnswerGood ? 'attempt.succeeded' : 'attempt.failed';
      const ended = firstMs === answersAtMs ? answered : 'attempt.failed';
      const expected = firstMs === abortedAtMs ? 'attempt.interrupted' : ended;
      expect(verdicts.map(({ event }) => event.type)).toEqual([expected]);
    }),
    { numRuns: 60 },
  );
});

test('OP-3 control: an attempt whose deadline is never told of is caught', async () => {
  const course = { answersAtMs: 1_500, isAnswerGood: true, abortedAtMs: null };
  const types = async (given: Given) =>
    (await follow(course, given)).map(({ event }) => event.type);
  expect(await types({})).toEqual(['attempt.failed']);
  const timers = (clock: VirtualClock): TimerService => {
    const lost = new TimerService(clock, () => undefined);
    lost.after = () => () => undefined;
    return lost;
  };
  expect(await types({ timers })).toEqual(['attempt.succeeded']);
});
