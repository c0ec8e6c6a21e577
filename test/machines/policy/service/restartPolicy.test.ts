import { describe, expect, test } from 'vitest';
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
      expect(strategy).toBe(dependents.length > 0 ? 'withDependents' : 'onlyIt');
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
