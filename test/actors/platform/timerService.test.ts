import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimerService } from '../../../actors/platform/timerService.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

type Kind = 'span' | 'instant';

function startTimers(kind: Kind = 'span') {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const timers = new TimerService(clock, (error) => errors.push(error));
  const startMs = clock.now();
  const set = (dueAtMs: number, wake: () => void): (() => void) =>
    kind === 'span' ? timers.after(dueAtMs - clock.now(), wake) : timers.at(dueAtMs, wake);
  const woken: number[] = [];
  /** Notes `delayMs` in `woken` once so much has passed since the beginning. */
  const after = (delayMs: number): (() => void) =>
    set(startMs + delayMs, () => {
      woken.push(delayMs);
    });
  return { clock, timers, errors, woken, after, set, startMs };
}

describe.each<Kind>(['span', 'instant'])('RT-4 timers for a %s', (kind) => {
  test('RT-4 wakes in order of their due times, none before its time', async () => {
    const { clock, woken, after } = startTimers(kind);
    for (const delayMs of [300, 100, 200]) after(delayMs);
    await clock.advance(99);
    expect(woken).toEqual([]);
    await clock.advance(1);
    expect(woken).toEqual([100]);
    await clock.advance(1_000);
    expect(woken).toEqual([100, 200, 300]);
  });

  test('RT-4 what is overdue already wakes at once, but not inside the call', async () => {
    const { clock, woken, after } = startTimers(kind);
    after(-5_000);
    expect(woken).toEqual([]);
    await clock.advance(0);
    expect(woken).toEqual([-5_000]);
  });

  test('RT-4 what is cancelled does not wake, and cancelling late or twice does nothing', async () => {
    const { clock, woken, after } = startTimers(kind);
    const cancelFirst = after(100);
    after(200);
    cancelFirst();
    cancelFirst();
    await clock.advance(200);
    cancelFirst();
    expect(woken).toEqual([200]);
  });

  test('RT-4 cancelling one in the middle keeps the order of the others', async () => {
    const { clock, woken, after } = startTimers(kind);
    // As a heap: the last, 5, takes the place of 103 and has to rise past 101 and 100.
    const delaysMs = [1, 100, 2, 101, 102, 3, 4, 103, 104, 105, 106, 10, 11, 12, 5];
    const cancels = delaysMs.map(after);
    cancels[7]?.();
    for (let passedMs = 0; passedMs < 200; passedMs += 1) await clock.advance(1);
    expect(woken).toEqual([1, 2, 3, 4, 5, 10, 11, 12, 100, 101, 102, 104, 105, 106]);
  });

  test('RT-4 a waker may set and cancel others', async () => {
    const { clock, woken, after, set, startMs } = startTimers(kind);
    const cancel = after(100);
    set(startMs + 100, () => undefined);
    set(startMs + 50, () => {
      cancel();
      after(60);
      after(40);
    });
    await clock.advance(50);
    expect(woken).toEqual([40]);
    await clock.advance(50);
    expect(woken).toEqual([40, 60]);
  });

  test('RT-4 a delay longer than any timer of the platform is kept', async () => {
    const { clock, woken, after } = startTimers(kind);
    const fortyDaysMs = 40 * 86_400_000;
    after(fortyDaysMs);
    await clock.advance(fortyDaysMs - 1);
    expect(woken).toEqual([]);
    await clock.advance(1);
    expect(woken).toEqual([fortyDaysMs]);
  });
});

describe('RT-4 a wall clock that is set', () => {
  test.each([-31_536_000_000, -86_400_000, -3_600_000, 3_600_000, 86_400_000])(
    'RT-4 set by %i ms, it changes no span',
    async (byMs) => {
      const { clock, woken, after } = startTimers('span');
      after(10_000);
      after(600_000);
      await clock.advance(4_000);
      clock.setWall(byMs);
      await clock.advance(5_999);
      expect(woken).toEqual([]);
      await clock.advance(1);
      expect(woken).toEqual([10_000]);
      await clock.advance(589_999);
      expect(woken).toEqual([10_000]);
      await clock.advance(1);
      expect(woken).toEqual([10_000, 600_000]);
    },
  );

  test('RT-4 a machine that slept wakes for a span when the monotonic clock has it, and at once for an instant', async () => {
    for (const isCounted of [true, false]) {
      const { clock, timers } = startTimers();
      const woken: string[] = [];
      timers.after(10_000, () => woken.push('span'));
      timers.at(clock.now() + 20_000, () => woken.push('instant'));
      clock.suspend(3_600_000, isCounted);
      await clock.advance(isCounted ? 0 : 10_000);
      expect(woken).toEqual(['span', 'instant']);
    }
  });

  test('OP-5 set forward past an instant, it is noticed within a minute', async () => {
    const { clock, woken, after } = startTimers('instant');
    after(3_600_000);
    await clock.advance(1_000);
    clock.setWall(3_600_000);
    await clock.advance(60_000);
    expect(woken).toEqual([3_600_000]);
  });

  test('OP-5 set back, an instant is still the one that was named', async () => {
    const { clock, woken, after, startMs } = startTimers('instant');
    after(10_000);
    await clock.advance(5_000);
    clock.setWall(-600_000);
    await clock.advance(5_000);
    expect(woken).toEqual([]);
    await clock.advance(600_000);
    expect(clock.now()).toBe(startMs + 10_000);
    expect(woken).toEqual([10_000]);
  });

  test('OP-5 set back, what is due soon by the new time does not wait for the old', async () => {
    const { clock, woken, after, timers } = startTimers('instant');
    after(30_000);
    clock.setWall(-600_000);
    timers.at(clock.now() + 100, () => woken.push(1));
    await clock.advance(100);
    expect(woken).toEqual([1]);
  });
});

describe('OP-6 the cost of waiting', () => {
  test('OP-6 nothing wakes while nothing is due', async () => {
    const { clock, after, woken } = startTimers();
    expect(clock.pending).toBe(0);
    after(100);
    await clock.advance(100);
    expect(woken).toEqual([100]);
    expect(clock.pending).toBe(0);
  });

  test('HM-6 a span of an hour takes one wake-up, an instant one a minute', async () => {
    for (const [kind, expected] of [
      ['span', 1],
      ['instant', 60],
    ] as const) {
      const { clock, after } = startTimers(kind);
      let wakeUps = 0;
      const schedule = clock.schedule.bind(clock);
      clock.schedule = (delayMs, wake) =>
        schedule(delayMs, () => {
          wakeUps += 1;
          wake();
        });
      after(3_600_000);
      await clock.advance(3_600_000);
      expect(wakeUps).toBe(expected);
    }
  });

  test('OP-6 ten thousand timers take one wake-up of the clock', () => {
    const { clock, after } = startTimers();
    for (let delayMs = 10_000; delayMs > 0; delayMs -= 1) after(delayMs);
    expect(clock.pending).toBe(1);
  });

  test('SV-4 stopped, it wakes nobody and leaves no wake-up behind', async () => {
    const { clock, timers, woken, after } = startTimers();
    const cancel = after(100);
    timers.stop();
    cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(1_000);
    expect(woken).toEqual([]);
  });
});

test('SV-4 whoever keeps the function that cancels a span keeps none that came after it', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const { clock, timers } = startTimers();
  const noted = (spanMs: number): WeakRef<object> => {
    const held = {};
    timers.after(spanMs, () => Object.keys(held));
    return new WeakRef(held);
  };
  const cancelled = timers.after(10, () => undefined);
  const woken = timers.after(10, () => undefined);
  const later = [20, 20, 30].map(noted);
  cancelled();
  await clock.advance(20);
  later.push(noted(10));
  await clock.advance(10);
  // What was awaited is let go of in a later turn.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  gc();
  expect(later.map((held) => held.deref())).toEqual(later.map(() => undefined));
  for (const cancel of [cancelled, woken]) cancel();
});

test('SV-2 a waker that throws is reported and costs the others nothing', async () => {
  const { clock, errors, woken, after, set, startMs } = startTimers();
  after(100);
  set(startMs + 100, () => {
    throw new Error('A bad waker.');
  });
  after(100);
  after(200);
  await clock.advance(200);
  expect(woken).toEqual([100, 100, 200]);
  expect(errors).toEqual([new Error('A bad waker.')]);
});

test('RT-4 whatever is set and cancelled, and whatever becomes of the wall clock, the wakes are those of a sorted list', async () => {
  const step = fc.record({
    delayMs: fc.integer({ min: 0, max: 200_000 }),
    /** Which of those set so far to cancel; none if there is none of this number. */
    cancels: fc.nat({ max: 60 }),
    passesMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
    wallMovesMs: fc.oneof(fc.constant(0), fc.integer({ min: -86_400_000, max: 86_400_000 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { clock, timers } = startTimers();
      const woken: number[] = [];
      const expected: number[] = [];
      let live: { dueAtMs: number; cancel: () => void }[] = [];
      const pass = async (ms: number): Promise<void> => {
        await clock.advance(ms);
        const due = live.filter(({ dueAtMs }) => dueAtMs <= clock.monotonic());
        live = live.filter(({ dueAtMs }) => dueAtMs > clock.monotonic());
        expected.push(...due.map(({ dueAtMs }) => dueAtMs).toSorted((a, b) => a - b));
      };
      for (const { delayMs, cancels, passesMs, wallMovesMs } of steps) {
        const dueAtMs = clock.monotonic() + delayMs;
        live.push({
          dueAtMs,
          cancel: timers.after(delayMs, () => {
            expect(clock.monotonic()).toBe(dueAtMs);
            woken.push(dueAtMs);
          }),
        });
        live[cancels]?.cancel();
        live = live.filter((_, index) => index !== cancels);
        clock.setWall(wallMovesMs);
        await pass(passesMs);
        expect(woken).toEqual(expected);
      }
      await pass(200_000);
      expect(woken).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});
