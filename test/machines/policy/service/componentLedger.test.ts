/**
 * The supervisor's book about components (SV-2), apart from its chart.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import {
  beginRestart,
  type ComponentLedger,
  canRestartNow,
  EMPTY_LEDGER,
  endRestart,
  failRestart,
  isDown,
  nextRestartDueAtMs,
  nextToRestart,
  restartAllowedAtMs,
  reviewRestarts,
  withDown,
} from '../../../../machines/policy/service/componentLedger.ts';
import {
  type Component,
  RESTART_POLICIES,
} from '../../../../machines/policy/service/restartPolicy.ts';

const { windowMs, restartsMax } = RESTART_POLICIES.breaker;

/** A ledger in which `component` was restarted at these instants. */
function restartedAt(component: Component, ...instants: readonly number[]): ComponentLedger {
  return { ...EMPTY_LEDGER, restarts: instants.map((atMs) => ({ component, atMs })) };
}

function down(...entries: readonly (readonly [Component, number])[]): ComponentLedger {
  return {
    ...EMPTY_LEDGER,
    down: entries.map(([component, restartDueAtMs]) => ({ component, restartDueAtMs })),
  };
}

test('SV-2 an empty ledger knows of nothing', () => {
  expect(EMPTY_LEDGER).toEqual({ down: [], restarting: [], restartBeganAtMs: 0, restarts: [] });
  expect(nextToRestart(EMPTY_LEDGER, 0)).toBeNull();
  expect(nextRestartDueAtMs(EMPTY_LEDGER)).toBeNull();
});

describe('the intensity of restarts', () => {
  test('SV-2 restarts within the window block, in whatever order they stand', () => {
    const ledger = restartedAt('breaker:a', 40_020, 40_000, 40_010);
    expect(restartsMax).toBe(3);
    expect(restartAllowedAtMs(ledger, 'breaker:a', 41_000)).toBe(40_000 + windowMs);
    expect(restartAllowedAtMs(ledger, 'breaker:b', 41_000)).toBe(41_000);
    expect(canRestartNow(ledger, 'breaker:a', 41_000)).toBe(false);
    expect(canRestartNow(ledger, 'breaker:b', 41_000)).toBe(true);
  });

  test('SV-2 of many, only as many as are allowed are looked at, the latest', () => {
    const ledger = restartedAt('breaker:a', 0, 10, 20, 30);
    expect(restartAllowedAtMs(ledger, 'breaker:a', 100)).toBe(10 + windowMs);
  });

  test('SV-2 those that left the window block nothing', () => {
    const ledger = restartedAt('breaker:a', 0, 10, 20);
    expect(restartAllowedAtMs(ledger, 'breaker:a', windowMs)).toBe(windowMs);
    expect(restartAllowedAtMs(ledger, 'breaker:a', 5 * windowMs)).toBe(5 * windowMs);
    expect(canRestartNow(ledger, 'breaker:a', windowMs)).toBe(true);
  });

  test('SV-2 a restart is noted, and those that count no longer are forgotten', () => {
    const ledger = restartedAt('breaker:a', 40_000, 40_001);
    const later = beginRestart(ledger, 'breaker:b', 40_000 + windowMs);
    expect(later.restarts).toEqual([
      { component: 'breaker:a', atMs: 40_001 },
      { component: 'breaker:b', atMs: 40_000 + windowMs },
    ]);
    expect(later.restartBeganAtMs).toBe(40_000 + windowMs);
  });
});

describe('what is down', () => {
  test('SV-2 is known by its name', () => {
    const ledger = down(['breaker:a', 0]);
    expect(isDown(ledger, 'breaker:a')).toBe(true);
    expect(isDown(ledger, 'breaker:b')).toBe(false);
    expect(isDown(EMPTY_LEDGER, 'breaker:a')).toBe(false);
  });

  test('SV-2 comes with what depends on it, each once, due as soon as it is allowed', () => {
    const blocked = restartedAt('operations', 0, 10, 20);
    const ledger = withDown(blocked, 'writer', 100);
    expect(ledger.down).toEqual([
      { component: 'writer', restartDueAtMs: 100 },
      { component: 'operations', restartDueAtMs: windowMs },
    ]);
    expect(withDown(ledger, 'writer', 200).down).toEqual(ledger.down);
    expect(withDown(down(['operations', 7]), 'writer', 100).down).toEqual([
      { component: 'operations', restartDueAtMs: 7 },
      { component: 'writer', restartDueAtMs: 100 },
    ]);
  });

  test('SV-2 is restarted once due, but not before what it depends on', () => {
    expect(nextToRestart(down(['breaker:a', 100]), 99)).toBeNull();
    expect(nextToRestart(down(['breaker:a', 100]), 100)).toBe('breaker:a');
    const ledger = down(['breaker:a', 500], ['operations', 0], ['writer', 200]);
    expect(nextToRestart(ledger, 100)).toBeNull();
    expect(canRestartNow(ledger, 'operations', 100)).toBe(false);
    expect(nextToRestart(ledger, 200)).toBe('writer');
  });

  test('SV-2 waits for the intensity even where it is due', () => {
    const ledger = { ...restartedAt('breaker:a', 0, 10, 20), down: down(['breaker:a', 50]).down };
    expect(nextToRestart(ledger, 60)).toBeNull();
    expect(nextToRestart(ledger, windowMs)).toBe('breaker:a');
  });

  test('SV-2 leaves the list with the restart that brings it back, and nothing else does', () => {
    const ledger = down(['writer', 0], ['breaker:a', 0], ['operations', 0]);
    const restarting = beginRestart(ledger, 'writer', 0);
    expect(restarting.down).toEqual([{ component: 'breaker:a', restartDueAtMs: 0 }]);
    expect(restarting.restarting).toEqual(['writer', 'operations']);
  });
});

describe('when the next restart is due', () => {
  test('SV-2 the first of those that wait for nobody', () => {
    expect(nextRestartDueAtMs(down(['breaker:a', 300], ['degradation:a', 200]))).toBe(200);
    const ledger = down(['operations', 100], ['writer', 300], ['breaker:a', 400]);
    expect(nextRestartDueAtMs(ledger)).toBe(300);
  });

  test('SV-2 never while a restart is going on', () => {
    const ledger = { ...down(['breaker:a', 300]), restarting: ['writer'] as const };
    expect(nextRestartDueAtMs(ledger)).toBeNull();
  });

  test('SV-2 a review puts off what its intensity blocks, and brings nothing forward', () => {
    const waiting = down(['breaker:a', 50], ['breaker:b', 70], ['breaker:c', 1e6]);
    const ledger = { ...restartedAt('breaker:a', 0, 10, 20), down: waiting.down };
    expect(reviewRestarts(ledger, 60)).toEqual({
      ...ledger,
      down: [
        { component: 'breaker:a', restartDueAtMs: windowMs },
        { component: 'breaker:b', restartDueAtMs: 70 },
        { component: 'breaker:c', restartDueAtMs: 1e6 },
      ],
    });
    expect(reviewRestarts(ledger, 80).down[1]?.restartDueAtMs).toBe(80);
  });
});

describe('restarts, one after the other', () => {
  test('SV-2 a restart is allowed again when the oldest that counts leaves the window', () => {
    const { writer } = RESTART_POLICIES;
    let ledger = EMPTY_LEDGER;
    for (let i = 0; i < writer.restartsMax; i++) {
      expect(restartAllowedAtMs(ledger, 'writer', i * 10)).toBe(i * 10);
      ledger = endRestart(beginRestart(ledger, 'writer', i * 10));
    }
    expect(restartAllowedAtMs(ledger, 'writer', 100)).toBe(writer.windowMs);
    expect(restartAllowedAtMs(ledger, 'operations', 100)).toBe(100);
  });

  test('SV-2 what started first is restarted first', () => {
    let ledger = withDown(EMPTY_LEDGER, 'degradation:a', 0);
    ledger = withDown(ledger, 'breaker:a', 0);
    expect(nextToRestart(ledger, 0)).toBe('breaker:a');
    ledger = withDown(ledger, 'writer', 5);
    expect(nextToRestart(ledger, 5)).toBe('writer');
  });

  test('SV-2 restarting one takes what depends on it off the list', () => {
    let ledger = withDown(EMPTY_LEDGER, 'operations', 0);
    ledger = withDown(ledger, 'writer', 0);
    ledger = beginRestart(ledger, nextToRestart(ledger, 0), 0);
    expect(ledger.restarting).toEqual(['writer', 'operations']);
    expect(ledger.down).toEqual([]);
    expect(nextRestartDueAtMs(ledger)).toBeNull();
  });

  test('SV-2 a restart that failed leaves all of it down', () => {
    const ledger = failRestart(beginRestart(EMPTY_LEDGER, 'writer', 0));
    expect(ledger.restarting).toEqual([]);
    expect(ledger.down.map(({ component }) => component)).toEqual(['writer', 'operations']);
    expect(nextRestartDueAtMs(ledger)).toBe(RESTART_POLICIES.writer.retryAfterMs);
  });

  test('SV-2 does not grow with the number of restarts', () => {
    let ledger = EMPTY_LEDGER;
    for (let atMs = 0; atMs < 1e7; atMs += 30_000) {
      ledger = endRestart(beginRestart(ledger, 'writer', atMs));
    }
    expect(ledger.restarts.length).toBeLessThan(5);
  });

  test('SV-2 nothing due changes nothing', () => {
    expect(beginRestart(EMPTY_LEDGER, null, 0)).toBe(EMPTY_LEDGER);
    expect(failRestart(EMPTY_LEDGER)).toBe(EMPTY_LEDGER);
  });
});
