/**
 * `runtime.call`: work guarded by the flow control of its upstream, without durability.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { CallContext, CallOptions } from '../../actors/port.ts';
import {
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const NEVER = new Promise<never>(() => undefined);

interface Scene extends World {
  readonly process: Process;
  readonly call: (
    run: (context: CallContext) => unknown,
    options?: CallOptions,
  ) => Promise<unknown>;
}

async function scene(options: Partial<RuntimeOptions> = {}): Promise<Scene> {
  const world = createWorld();
  const process = world.boot({ upstreams: { payments: { concurrency: 2 } }, ...options });
  await world.clock.run(process.runtime.ready);
  return {
    ...world,
    process,
    call: (run, how) => process.runtime.call('payments', run, how),
  };
}

/** What a promise came to, without waiting for it. */
function settled(promise: Promise<unknown>): { value?: unknown; error?: unknown } {
  const seen: { value?: unknown; error?: unknown } = {};
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
}

describe('CB-5 PF-6 calls and operations that wait for one upstream', () => {
  test.each([
    ['goes before what is less urgent', { priority: 'high', tier: 'premium' }, 0, 2],
    ['takes turns with its like', { tier: 'basic' }, 0, 4],
    [
      'waits for what is more urgent, but for its share',
      { priority: 'low', tier: 'trial' },
      30,
      34,
    ],
  ] as const)('PF-6 a call %s', async (_, how, least, most) => {
    const log: string[] = [];
    const { clock, process, call } = await scene({
      handlers: {
        'a.b': {
          upstream: 'payments',
          run: async () => {
            log.push('operation');
            await new Promise<void>((resolve) => {
              clock.schedule(20, resolve);
            });
            return null;
          },
        },
      },
    });
    const request = { type: 'a.b', subject: 'user-1', tier: 'basic' } as const;
    await clock.run(Promise.all(Array.from({ length: 60 }, () => process.runtime.sync(request))));
    log.length = 0;
    await clock.run(
      call(() => {
        log.push('call');
      }, how),
      60_000,
    );
    expect(log.indexOf('call')).toBeLessThanOrEqual(most);
    expect(log.indexOf('call')).toBeGreaterThanOrEqual(least);
  });
});

describe('PS-6 a guarded call needs no disk', () => {
  test.each([
    ['fails', 'failing', { fate: () => 'failsUnwritten' }],
    ['answers nothing', 'hanging', { delayMs: () => 600_000 }],
  ] as const)(
    'PS-6 a call goes out while the disk %s, whoever it is for',
    async (_, state, faults) => {
      const { clock, process, call } = await scene({
        upstreams: { payments: { concurrency: 4 } },
        handlers: { 'a.b': { upstream: 'payments', run: () => null } },
      });
      const { runtime, store } = process;
      Object.assign(store.faults, faults);
      // An operation that is more urgent waits for the disk.
      const work = settled(
        runtime.sync({ type: 'a.b', subject: 'user-1', tier: 'premium', priority: 'high' }),
      );
      await clock.advance(30_000);
      expect(runtime.getHealthStatus().storage.state).toBe(state);
      expect(work).not.toHaveProperty('value');
      const answers = Array.from({ length: 20 }, (_answer, index) =>
        settled(call(() => index, index % 2 === 0 ? {} : { tier: 'trial', priority: 'low' })),
      );
      await clock.advance(5_000);
      expect(answers.map(({ value }) => value)).toEqual(answers.map((_answer, index) => index));
      expect(runtime.getHealthStatus().storage.state).toBe(state);
    },
  );
});

describe('a guarded call', () => {
  test('PF-6 answers what its function answers, at once or later', async () => {
    const { clock, call } = await scene();
    expect(await clock.run(call(() => 5))).toBe(5);
    expect(await clock.run(call(async () => Promise.resolve('x')))).toBe('x');
  });

  test('RT-1 tries again what may pass, by the retry policy of its tier', async () => {
    const { clock, call } = await scene();
    const numbers: number[] = [];
    const answer = call(
      ({ number }) => {
        numbers.push(number);
        if (number < 3) throw transientFailure('Not now.', { status: 500 });
        return 'done';
      },
      { tier: 'trial' },
    );
    expect(await clock.run(answer)).toBe('done');
    expect(numbers).toEqual([1, 2, 3]);
  });

  test.each<[what: string, thrown: unknown, options: CallOptions, attempts: number]>([
    ['what will fail again', permanentFailure('No.', { status: 404 }), {}, 1],
    ['anything, where it is told not to', transientFailure('No.'), { retry: false }, 1],
    [
      'what may have been applied, where a repeat is not safe',
      unknownOutcome('Lost.'),
      { isRepeatSafe: false },
      1,
    ],
    [
      'what passes, more often than its tier has attempts',
      transientFailure('No.'),
      { tier: 'trial' },
      3,
    ],
  ])('RT-1 does not try again %s', async (_, thrown, options, attempts) => {
    const { clock, call } = await scene();
    let made = 0;
    const answer = call(() => {
      made += 1;
      throw thrown;
    }, options);
    await expect(clock.run(answer)).rejects.toBe(thrown);
    expect(made).toBe(attempts);
  });

  test('PF-1 rejects at its time-out, though its function never returns, and aborts its signal', async () => {
    const { clock, call } = await scene();
    let signal: AbortSignal | undefined;
    const answer = call(
      (context) => {
        ({ signal } = context);
        return NEVER;
      },
      { timeoutMs: 300, retry: false },
    );
    await expect(clock.run(answer)).rejects.toMatchObject({ code: 'HF_ATTEMPT_TIMED_OUT' });
    expect(signal?.aborted).toBe(true);
  });

  test('PF-1 a signal that is read after its time is aborted already', async () => {
    const { clock, call } = await scene();
    let context: CallContext | undefined;
    const answer = call(
      (given) => {
        context = given;
        return NEVER;
      },
      { timeoutMs: 300, retry: false },
    );
    await expect(clock.run(answer)).rejects.toMatchObject({ code: 'HF_ATTEMPT_TIMED_OUT' });
    expect(context?.signal.aborted).toBe(true);
  });

  test('OP-6 waits for a slot, the more urgent first, and gives each slot back', async () => {
    const { clock, call, process } = await scene({
      upstreams: { payments: { concurrency: 1 } },
    });
    const order: string[] = [];
    let finish = (): void => undefined;
    const first = call(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    const later = [
      call(() => order.push('low'), { priority: 'low' }),
      call(() => order.push('normal')),
      call(() => order.push('high'), { priority: 'high' }),
    ];
    await clock.advance(10);
    expect(order).toEqual([]);
    finish();
    await clock.run(Promise.all([first, ...later]));
    expect(order).toEqual(['high', 'normal', 'low']);
    expect(process.runtime.upstream('payments').inFlight).toBe(0);
  });

  test('OP-6 a function that overhangs keeps its slot for a while, and gives it back once', async () => {
    const { clock, call, process } = await scene();
    let finish = (): void => undefined;
    const late = call(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
      { timeoutMs: 100, retry: false },
    );
    await expect(clock.run(late)).rejects.toMatchObject({ code: 'HF_ATTEMPT_TIMED_OUT' });
    expect(process.runtime.upstream('payments').inFlight).toBe(1);
    finish();
    await clock.advance(1);
    expect(process.runtime.upstream('payments').inFlight).toBe(0);
    const lost = call(() => NEVER, { timeoutMs: 100, retry: false });
    await expect(clock.run(lost)).rejects.toMatchObject({ code: 'HF_ATTEMPT_TIMED_OUT' });
    await clock.advance(300);
    expect(process.runtime.upstream('payments').inFlight).toBe(0);
    expect(process.errors).toEqual([]);
  });

  test('CB-1 is refused while an operator holds the upstream, or waits where it may', async () => {
    const { clock, call, process } = await scene();
    const control = process.runtime.upstream('payments');
    control.forceOpen('maintenance');
    await expect(clock.run(call(() => 1))).rejects.toMatchObject({
      code: 'HF_UPSTREAM_DOWN',
      retry: 'later',
    });
    const waiting = call(() => 2, { waitWhileDown: true });
    const tooLong = call(() => 3, { waitWhileDown: true, deadlineMs: 500 });
    await expect(clock.run(tooLong)).rejects.toMatchObject({ code: 'HF_EXPIRED' });
    control.release();
    expect(await clock.run(waiting)).toBe(2);
  });

  test('CB-1 failing calls open the breaker, and a call that probes closes it', async () => {
    const { clock, call, process } = await scene();
    const control = process.runtime.upstream('payments');
    const fail = (): never => {
      throw transientFailure('Down.', { status: 500 });
    };
    for (let each = 0; each < 40 && control.breaker === 'closed'; each++) {
      await clock.run(call(fail, { retry: false }).catch(() => undefined));
    }
    expect(control.breaker).toBe('open');
    await expect(clock.run(call(() => 1))).rejects.toMatchObject({ code: 'HF_UPSTREAM_DOWN' });
    await clock.advance(20_000);
    expect(await clock.run(call(() => 1))).toBe(1);
    expect(control.breaker).toBe('closed');
  });

  test('CR-2 a crisis passes while the upstream is down and every slot is taken', async () => {
    const { clock, call, process } = await scene({
      upstreams: { payments: { concurrency: 1 } },
    });
    const busy = settled(call(() => NEVER));
    expect(await clock.run(call(() => 'through', { priority: 'crisis' }))).toBe('through');
    process.runtime.upstream('payments').forceOpen('maintenance');
    expect(await clock.run(call(() => 'again', { priority: 'crisis' }))).toBe('again');
    expect(busy).toEqual({});
  });

  test('OP-5 ends with the reason of its signal: while it waits, backs off or runs', async () => {
    const { clock, call } = await scene({ upstreams: { payments: { concurrency: 1 } } });
    const running = new AbortController();
    const first = settled(call(() => NEVER, { signal: running.signal, retry: false }));
    const waiting = new AbortController();
    const second = settled(call(() => 1, { signal: waiting.signal }));
    await clock.advance(1);
    waiting.abort('enough');
    running.abort('stop');
    await clock.advance(1);
    expect([first.error, second.error]).toEqual(['stop', 'enough']);
    const over = settled(call(() => 1, { signal: AbortSignal.abort('before') }));
    await clock.advance(1);
    expect(over.error).toBe('before');
  });

  test('PF-5 waits for the rate of its subject, and begins no more than that allows', async () => {
    const { clock, call } = await scene({
      policies: { defaults: { subjectRate: { perSecond: 1, burst: 1 } } },
    });
    const begun: number[] = [];
    const startMs = clock.monotonic();
    const calls = [1, 2, 3].map(() =>
      call(() => begun.push(clock.monotonic() - startMs), { subject: 'user-1' }),
    );
    const other = call(() => 'other', { subject: 'user-2' });
    expect(await clock.run(other)).toBe('other');
    await clock.run(Promise.all(calls));
    expect(begun.map(Math.round)).toEqual([0, 1_000, 2_000]);
  });

  test('PF-5 nobody waits for the turn of a call that was ended', async () => {
    const { clock, call } = await scene({
      policies: { defaults: { subjectRate: { perSecond: 1, burst: 1 } } },
    });
    const startMs = clock.monotonic();
    await clock.run(call(() => null, { subject: 'user-1' }));
    const gone = Array.from({ length: 20 }, () =>
      settled(call(() => null, { subject: 'user-1', deadlineMs: 500 })),
    );
    await clock.advance(600);
    expect(gone.every(({ error }) => error !== undefined)).toBe(true);
    await clock.run(call(() => null, { subject: 'user-1' }));
    expect(clock.monotonic() - startMs).toBeLessThan(2_000);
  });

  test('OP-6 a queue has its bound', async () => {
    const { clock, call } = await scene({ upstreams: { payments: { concurrency: 1 } } });
    const calls = Array.from({ length: 1_002 }, () => settled(call(() => NEVER)));
    await clock.advance(1);
    expect(calls.filter(({ error }) => error !== undefined)).toHaveLength(1);
    expect(calls.at(-1)?.error).toMatchObject({ code: 'HF_QUEUE_FULL', retry: 'later' });
  });

  test('SV-4 closing rejects what waits, lets what runs end, and then rejects that too', async () => {
    const { clock, call, process } = await scene({ upstreams: { payments: { concurrency: 1 } } });
    let finish = (_value: string): void => undefined;
    const ends = settled(
      call(
        () =>
          new Promise((resolve) => {
            finish = resolve;
          }),
      ),
    );
    const waits = settled(call(() => 1));
    const crisis = settled(call(() => NEVER, { priority: 'crisis' }));
    await clock.advance(1);
    const closing = process.runtime.close({ deadlineMs: 1_000 });
    await clock.advance(1);
    expect(waits.error).toMatchObject({ code: 'HF_CLOSED' });
    finish('in time');
    await clock.run(closing);
    expect(ends).toEqual({ value: 'in time' });
    expect(crisis.error).toMatchObject({ code: 'HF_CLOSED' });
    await expect(call(() => 1)).rejects.toMatchObject({ code: 'HF_CLOSED' });
  });

  test('UX-2 refuses what it can not use', async () => {
    const { call, process } = await scene();
    await expect(process.runtime.call('mail', () => 1)).rejects.toMatchObject({
      code: 'HF_UPSTREAM_UNKNOWN',
    });
    await expect(call(() => 1, { tier: 'gold' })).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field: 'tier',
    });
    await expect(call(null as never)).rejects.toMatchObject({ field: 'run' });
  });

  test('RT-2 an error that says nothing is told by classify', async () => {
    const { clock, call } = await scene();
    let made = 0;
    const answer = call(
      () => {
        made += 1;
        throw new RangeError('as the app throws');
      },
      { classify: () => permanentFailure('It will fail again.') },
    );
    await expect(clock.run(answer)).rejects.toThrow(RangeError);
    expect(made).toBe(1);
  });
});
