import { describe, expect, test } from 'vitest';
import { ASKED_PAUSE_MS_MAX, AskedPause } from '../../../../machines/policy/flow/askedPause.ts';

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
