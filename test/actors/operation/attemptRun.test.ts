import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { raiseAlerts } from '../../../actors/facts/alerts.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import {
  type AttemptOrder,
  AttemptRun,
  type AttemptVerdict,
} from '../../../actors/operation/attemptRun.ts';
import { Exceptions } from '../../../actors/operation/exceptions.ts';
import type { Attempt, Handler, Run } from '../../../actors/operation/handler.ts';
import { SteadyClock } from '../../../actors/platform/steadyClock.ts';
import { TimerService } from '../../../actors/platform/timerService.ts';
import {
  newOperation,
  type SyncOperationContext,
} from '../../../machines/operation/syncOperationMachine.ts';
import {
  permanentFailure,
  transientFailure,
} from '../../../machines/policy/retry/classifyFailure.ts';
import { DEFAULT_RETRY } from '../../../machines/policy/retry/retryPolicy.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { builtInOf, urgencyOf } from '../../../machines/vocabulary/urgency.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const TIMEOUT_MS = 1_000;
const STOPPED = new HoldfastError('HF_CLOSED', 'The runtime is closing.', { withStack: false });

interface Given {
  readonly context?: Partial<SyncOperationContext>;
  readonly handler?: Partial<Handler>;
  readonly order?: Partial<AttemptOrder>;
  readonly timers?: (clock: VirtualClock) => TimerService;
  readonly onError?: () => void;
  readonly clock?: VirtualClock;
}

/** A clock by which each piece of work takes a turn of the event loop; it counts them. */
class SlowTurns extends VirtualClock {
  turns = 0;
  #ticksMs = 0;

  override monotonic(): number {
    this.#ticksMs += 3;
    return super.monotonic() + this.#ticksMs;
  }

  override defer(go: () => void): void {
    this.turns += 1;
    super.defer(go);
  }
}

/** One attempt with nothing of an engine around it: no resident, no journal, no upstream. */
function perform(run: Run, given: Given = {}) {
  const { clock = new VirtualClock() } = given;
  const errors: unknown[] = [];
  const onError = (error: unknown): void => {
    errors.push(error);
    given.onError?.();
  };
  const verdicts: AttemptVerdict[] = [];
  /** Before its end: what its upstream is told, and that it overhangs. */
  const told: string[] = [];
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
      steady: new SteadyClock(clock),
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
      ranked: { urgency: urgencyOf(context.priority, builtInOf(context)) },
      ...given.order,
    },
    {
      ended: (verdict) => verdicts.push(verdict),
      timedOut: (report) => told.push(report.sign),
      overhangs: () => told.push('overhangs'),
    },
  );
  attempt.begin(clock.monotonic());
  return { clock, attempt, verdicts, told, errors, context };
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}

/** It returns as soon as it is told to stop. */
function obedient({ signal }: Attempt): Promise<never> {
  return new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('Stopped.'));
    });
  });
}

/** It returns at this time, whatever it is told. */
function deaf(clock: () => VirtualClock, ms: number, answer: () => Json | Promise<never>): Run {
  return async () => {
    // The clock is there once whoever began it goes on.
    await Promise.resolve();
    await new Promise<void>((resolve) => {
      clock().schedule(ms, resolve);
    });
    return answer();
  };
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
      {
        event: { type: 'attempt.succeeded' },
        report: { sign: 'answered' },
        said: { response: { order: 'a1' } },
      },
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
        report: { sign: 'busy', retryAfterMs: 7_000 },
        said: {},
      },
    ]);
    const [verdict] = verdicts;
    const event = verdict?.event;
    expect(event?.type === 'attempt.failed' && event.retryAtMs).toBe(context.acceptedAtMs + 7_000);
  });

  test('OP-5 CB-1 its deadline is the timeout, or the expiry where that comes first, which says nothing of the upstream', async () => {
    for (const [expiresInMs, endsInMs, sign] of [
      [400, 400, 'silent'],
      [5_000, TIMEOUT_MS, 'timedOut'],
    ] as const) {
      const begun = new VirtualClock().now();
      const { clock, verdicts, told } = perform(obedient, {
        context: { expiresAtMs: begun + expiresInMs },
      });
      await clock.advance(endsInMs - 1);
      expect(verdicts).toEqual([]);
      await clock.advance(1);
      expect(verdicts).toMatchObject([
        {
          event: { type: 'attempt.failed', failure: { code: 'HF_ATTEMPT_TIMED_OUT' } },
          report: { sign },
        },
      ]);
      expect(told).toEqual([sign]);
    }
  });

  test('SV-4 aborted, it is interrupted at once and says nothing about its upstream', () => {
    const { attempt, verdicts } = perform(never);
    attempt.abort(STOPPED);
    expect(verdicts).toMatchObject([
      { event: { type: 'attempt.interrupted' }, report: { sign: 'silent' } },
    ]);
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

describe('OP-3 a handler that does not stop when it is told to', () => {
  /** Begins with a handler that answers so, at a multiple of its time-out. */
  function late(times: number, answer: () => Json | Promise<never>, given: Given = {}) {
    let clock = new VirtualClock();
    const performed = perform(
      deaf(() => clock, times * TIMEOUT_MS, answer),
      given,
    );
    ({ clock } = performed);
    return performed;
  }

  test('OP-3 is waited for: the upstream hears of the time-out, and a late success counts', async () => {
    const { clock, verdicts, told, attempt } = late(2, () => 'paid');
    await clock.advance(2 * TIMEOUT_MS - 1);
    expect([told, verdicts]).toEqual([['timedOut'], []]);
    expect(attempt.isOver).toBe(false);
    await clock.advance(1);
    expect(verdicts).toMatchObject([
      { event: { type: 'attempt.succeeded' }, said: { response: 'paid' } },
    ]);
  });

  test('OP-3 what it throws late is its time-out, unless the upstream has answered', async () => {
    const answers = [
      [new TypeError('Stopped.'), 'HF_ATTEMPT_TIMED_OUT', 'timedOut'],
      [permanentFailure('No.', { status: 422 }), 'HF_UPSTREAM_REFUSED', 'answered'],
    ] as const;
    for (const [thrown, code, sign] of answers) {
      const { clock, verdicts } = late(1.5, () => Promise.reject(thrown));
      await clock.advance(2 * TIMEOUT_MS);
      expect(verdicts).toMatchObject([{ event: { failure: { code } }, report: { sign } }]);
    }
  });

  test('OP-3 it overhangs at three times its time-out, once', async () => {
    const { clock, verdicts, told } = perform(never);
    await clock.advance(3 * TIMEOUT_MS - 1);
    expect(told).toEqual(['timedOut']);
    await clock.advance(1);
    expect(told).toEqual(['timedOut', 'overhangs']);
    await clock.advance(60 * TIMEOUT_MS);
    expect([told.length, verdicts.length]).toEqual([2, 0]);
  });

  test('OP-5 cancelled, it ends when its handler has returned, as what that made of it', async () => {
    for (const [answer, type] of [
      [() => 'paid', 'attempt.succeeded'],
      [() => Promise.reject(new Error('Stopped.')), 'attempt.interrupted'],
    ] as const) {
      const { clock, attempt, verdicts, told } = late(2, answer);
      await clock.advance(TIMEOUT_MS / 2);
      attempt.cancel(new HoldfastError('HF_CANCELLED', 'It was cancelled.'));
      await clock.advance(TIMEOUT_MS);
      expect([told, verdicts]).toEqual([[], []]);
      await clock.advance(TIMEOUT_MS);
      expect(verdicts).toMatchObject([{ event: { type } }]);
    }
  });

  test('OP-5 OP-3 cancelled, it overhangs as well', async () => {
    const { clock, attempt, told } = perform(never);
    await clock.advance(TIMEOUT_MS / 2);
    attempt.cancel(new HoldfastError('HF_CANCELLED', 'It was cancelled.'));
    await clock.advance(2.5 * TIMEOUT_MS);
    expect(told).toEqual(['overhangs']);
  });

  test('SV-4 a stop does not wait for it: what has timed out has failed', async () => {
    const { clock, attempt, verdicts } = perform(never);
    await clock.advance(2 * TIMEOUT_MS);
    attempt.abort(STOPPED);
    expect(verdicts).toMatchObject([{ event: { failure: { code: 'HF_ATTEMPT_TIMED_OUT' } } }]);
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

describe('CF-7 CR-1 a response that is large is looked through in many turns', () => {
  const digits = '4111 4111 '.repeat(20_000);
  const response = { digits, card: '4111111111111111', cvv: 123 };
  const masked = { digits, card: '************1111', cvv: '***' };

  test('CF-7 its card data is masked, and others have their turns meanwhile', async () => {
    const clock = new SlowTurns();
    const { verdicts } = perform(() => response, { clock });
    await clock.advance(0);
    expect(verdicts).toMatchObject([
      { event: { type: 'attempt.succeeded' }, said: { response: masked } },
    ]);
    expect(clock.turns).toBeGreaterThan(50);
  });

  test('SV-4 what is stopped meanwhile has ended as it did, once', async () => {
    const { clock, attempt, verdicts } = perform(() => response);
    for (let turns = 0; turns < 10; turns += 1) await Promise.resolve();
    expect(verdicts).toEqual([]);
    attempt.abort(STOPPED);
    expect(verdicts).toMatchObject([
      { event: { type: 'attempt.succeeded' }, said: { response: masked } },
    ]);
    await clock.advance(10 * TIMEOUT_MS);
    expect(verdicts).toHaveLength(1);
  });
});
