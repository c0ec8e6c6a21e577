import { describe, expect, test } from 'vitest';
import {
  beginRestart,
  EMPTY_LEDGER,
  endRestart,
  failRestart,
  nextRestartDueAtMs,
  nextToRestart,
  restartAllowedAtMs,
  withDown,
} from '../../../../machines/policy/service/componentLedger.ts';
import {
  COMPONENT_KINDS,
  type Component,
  componentKindOf,
  isDependentOn,
  isRestartedWith,
  RESTART_POLICIES,
  restartPlan,
} from '../../../../machines/policy/service/restartPolicy.ts';

describe('restart policies', () => {
  test('SV-2 every kind of component has one, and the strategy says what the dependents show', () => {
    expect(Object.keys(RESTART_POLICIES)).toEqual([...COMPONENT_KINDS]);
    for (const kind of COMPONENT_KINDS) {
      const { strategy, dependents, restartsMax, windowMs } = RESTART_POLICIES[kind];
      expect(strategy === 'withDependents').toBe(dependents.length > 0);
      expect(restartsMax).toBeGreaterThan(0);
      expect(windowMs).toBeGreaterThan(0);
    }
  });

  test('SV-2 nobody depends on what is started later, and dependents of dependents are named', () => {
    for (const kind of COMPONENT_KINDS) {
      const { dependents } = RESTART_POLICIES[kind];
      for (const dependent of dependents) {
        expect(COMPONENT_KINDS.indexOf(dependent)).toBeGreaterThan(COMPONENT_KINDS.indexOf(kind));
        for (const further of RESTART_POLICIES[dependent].dependents) {
          expect(dependents).toContain(further);
        }
      }
    }
  });

  test('SV-2 a component is known by its kind, with or without a name', () => {
    expect(componentKindOf('breaker:payments')).toBe('breaker');
    expect(componentKindOf('breaker:a:b')).toBe('breaker');
    expect(componentKindOf('writer')).toBe('writer');
    expect(componentKindOf('unheard-of' as Component)).toBe('operations');
  });

  test('SV-2 a plan begins with what failed', () => {
    expect(restartPlan('breaker:payments')).toEqual(['breaker:payments']);
    expect(restartPlan('writer')).toEqual(['writer', 'operations']);
    expect(isDependentOn('operations', 'writer')).toBe(true);
    expect(isDependentOn('writer', 'writer')).toBe(false);
    expect(isRestartedWith('writer', 'writer')).toBe(true);
    expect(isRestartedWith('operations', 'writer')).toBe(true);
    expect(isRestartedWith('writer', 'operations')).toBe(false);
    expect(isRestartedWith('breaker:a', 'breaker:b')).toBe(false);
  });
});

describe('the ledger', () => {
  test('SV-2 a restart is allowed again when the oldest that counts leaves the window', () => {
    const { restartsMax, windowMs } = RESTART_POLICIES.writer;
    let ledger = EMPTY_LEDGER;
    for (let i = 0; i < restartsMax; i++) {
      expect(restartAllowedAtMs(ledger, 'writer', i * 10)).toBe(i * 10);
      ledger = endRestart(beginRestart(ledger, 'writer', i * 10));
    }
    expect(restartAllowedAtMs(ledger, 'writer', 100)).toBe(windowMs);
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
