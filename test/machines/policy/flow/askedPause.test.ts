import { describe, expect, test } from 'vitest';
import { ASKED_PAUSE_MS_MAX, AskedPause } from '../../../../machines/policy/flow/rateLimits.ts';

const call = (subject: string, route = 'type:a') => ({ id: subject, subject, route });

/** A 429 at `nowMs` to a call that began 10 ms before. */
const asked = (nowMs: number, retryAfterMs = 30_000, isOneType = false) => ({
  ...{ retryAfterMs, nowMs, isOneType },
  beganAtMs: nowMs - 10,
});

/** Two of them, of two subjects and types. */
function paused(nowMs = 1_000): AskedPause {
  const pause = new AskedPause();
  pause.pushedBack(call('u1'), asked(nowMs));
  pause.pushedBack(call('u2', 'type:b'), asked(nowMs + 5));
  return pause;
}

describe('RT-2 PF-5 429 with Retry-After', () => {
  test('PF-5 from several subjects and types it is the pause of the upstream, until then', () => {
    const pause = paused();
    expect(pause.untilMs(1_010)).toBe(31_005);
    expect(pause.untilMs(31_005)).toBe(null);
    expect(pause.isOn(31_005)).toBe(false);
  });

  test.each([
    ['one subject', call('u1', 'type:b'), asked(1_005)],
    ['one of several types', call('u2'), asked(1_005)],
    ['two that lie far apart', call('u2', 'type:b'), asked(3_001)],
  ])('RT-2 of %s it is none', (_, other, how) => {
    const pause = new AskedPause();
    pause.pushedBack(call('u1'), asked(1_000));
    pause.pushedBack(other, how);
    expect(pause.isOn(how.nowMs)).toBe(false);
  });

  test('PF-5 where there is one type only, several subjects are enough', () => {
    const pause = new AskedPause();
    for (const [n, subject] of ['u1', 'u2'].entries())
      pause.pushedBack(call(subject), asked(1_000 + n, 30_000, true));
    expect(pause.isOn(1_010)).toBe(true);
  });

  test('PF-5 one call a second goes on, and its success ends the pause', () => {
    const pause = paused();
    expect(pause.dueMs(1_500)).toBe(2_005);
    expect(pause.dueMs(2_005)).toBe(null);
    pause.took(2_005);
    expect(pause.dueMs(2_006)).toBe(3_005);
    pause.took(30_500);
    expect(pause.dueMs(30_501)).toBe(31_005);
    // What began before the pause says nothing of now.
    expect(pause.answered(call('u3'), 980, 30_600)).toBe(false);
    expect(pause.isOn(30_600)).toBe(true);
    expect(pause.answered(call('u3'), 30_500, 30_600)).toBe(true);
    expect(pause.isOn(30_600)).toBe(false);
    expect(pause.dueMs(30_600)).toBe(null);
  });

  test('PF-5 the last 429 says until when, and none says more than a minute', () => {
    const pause = paused();
    pause.pushedBack(call('u1'), asked(2_000, 5_000));
    expect(pause.untilMs(2_000)).toBe(7_000);
    pause.pushedBack(call('u1'), asked(3_000, 3_600_000));
    expect(pause.untilMs(3_000)).toBe(3_000 + ASKED_PAUSE_MS_MAX);
  });

  test('RT-2 a success between two makes no pause of them', () => {
    const pause = new AskedPause();
    pause.pushedBack(call('u1'), asked(1_000));
    pause.answered(call('u9'), 1_001, 1_002);
    pause.pushedBack(call('u2', 'type:b'), asked(1_005));
    expect(pause.isOn(1_005)).toBe(false);
  });

  test('RT-2 one holds its subject, until then or until that succeeds', () => {
    const pause = new AskedPause();
    pause.pushedBack(call('u1'), asked(1_000));
    expect(pause.subjectDueMs('u1', 1_001)).toBe(31_000);
    expect(pause.subjectDueMs('u2', 1_001)).toBe(null);
    expect(pause.subjectDueMs('u1', 31_000)).toBe(null);
    pause.answered(call('u1'), 1_001, 1_002);
    expect(pause.subjectDueMs('u1', 1_002)).toBe(null);
  });
});

describe('RT-2 PF-5 the edges of a pause', () => {
  test('PF-5 two that are exactly two seconds apart are one pause', () => {
    const pause = new AskedPause();
    pause.pushedBack(call('u1'), asked(1_000));
    pause.pushedBack(call('u2', 'type:b'), asked(3_000));
    expect(pause.isOn(3_000)).toBe(true);
  });

  test('PF-5 what was told before the window counts no more', () => {
    const pause = new AskedPause();
    pause.pushedBack(call('u1'), asked(1_000));
    pause.pushedBack(call('u2', 'type:b'), asked(3_001));
    pause.pushedBack(call('u2', 'type:b'), asked(4_000));
    expect(pause.isOn(4_000)).toBe(false);
    pause.pushedBack(call('u2', 'type:c'), asked(4_500));
    expect(pause.isOn(4_500)).toBe(false);
    pause.pushedBack(call('u3', 'type:b'), asked(5_001));
    expect(pause.isOn(5_001)).toBe(true);
  });

  test('PF-5 while it lasts, one later than the window goes on with it', () => {
    const pause = paused();
    pause.pushedBack(call('u1'), asked(10_000, 40_000));
    expect([pause.untilMs(10_000), pause.dueMs(10_000)]).toEqual([50_000, null]);
    // A call that began before the first of these says nothing still.
    expect(pause.answered(call('u3'), 990, 10_100)).toBe(false);
    expect(pause.answered(call('u3'), 991, 10_100)).toBe(true);
  });

  test('PF-5 the next call is due a second after the pause began, and no later than its end', () => {
    const pause = new AskedPause();
    pause.pushedBack(call('u1'), asked(1_000, 500));
    pause.pushedBack(call('u2', 'type:b'), asked(1_005, 500));
    expect(pause.dueMs(1_010)).toBe(1_505);
    const longer = paused();
    expect([longer.dueMs(2_004), longer.dueMs(2_005)]).toEqual([2_005, null]);
    // One that goes out without a pause puts nothing off.
    const none = new AskedPause();
    none.took(900);
    expect([none.dueMs(901), none.untilMs(901)]).toEqual([null, null]);
  });

  test('PF-5 a success after it ends nothing, and says so', () => {
    const pause = paused();
    expect(pause.answered(call('u3'), 40_000, 40_100)).toBe(false);
    expect(new AskedPause().answered(call('u3'), 0, 10)).toBe(false);
  });

  test('RT-2 a subject is held for a minute at most', () => {
    const pause = new AskedPause();
    pause.pushedBack(call('u1'), asked(1_000, 3_600_000));
    expect(pause.subjectDueMs('u1', 60_999)).toBe(61_000);
  });

  test('RT-2 ten thousand subjects are held at once; those whose time is over make room', () => {
    const pause = new AskedPause();
    pause.pushedBack(call('early'), asked(0, 1_000));
    for (let n = 1; n < 10_000; n += 1) pause.pushedBack(call(`u${n}`), asked(0));
    pause.pushedBack(call('too many'), asked(999));
    expect(pause.subjectDueMs('too many', 999)).toBe(null);
    pause.pushedBack(call('u1'), asked(999));
    expect(pause.subjectDueMs('u1', 999)).toBe(30_999);
    pause.pushedBack(call('one more'), asked(1_000));
    expect(pause.subjectDueMs('one more', 1_000)).toBe(31_000);
    expect(pause.subjectDueMs('u9999', 1_000)).toBe(30_000);
  });
});
