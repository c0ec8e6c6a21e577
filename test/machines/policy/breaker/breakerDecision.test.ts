import { expect, test } from 'vitest';
import {
  BREAKER_MODES,
  BREAKER_STATES,
  type BreakerState,
} from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { BreakerHarness } from '../../../support/harness/breakerHarness.ts';

/** A breaker in each of its states. */
function breakerIn(state: BreakerState): BreakerHarness {
  const breaker = new BreakerHarness();
  if (state === 'open') breaker.trip();
  else if (state === 'halfOpen') breaker.becomeHalfOpen();
  else if (state !== 'closed') breaker.order(state, 'ada');
  return breaker;
}

test('CB-5 every state has a mode: calls wait for a probe or an operator, and else go out', () => {
  expect(Object.keys(BREAKER_MODES)).toEqual([...BREAKER_STATES]);
  for (const state of BREAKER_STATES) {
    const breaker = breakerIn(state);
    expect([breaker.state, breaker.decision.mode]).toEqual([state, BREAKER_MODES[state]]);
  }
});

test('CB-1 results count where calls go out and the breaker follows them', () => {
  const counting = BREAKER_STATES.filter((state) => breakerIn(state).decision.recordsResults);
  expect(counting).toEqual(['closed', 'observing']);
});

test('CB-1 only a breaker that somebody holds open is told to be held', () => {
  const held = BREAKER_STATES.filter((state) => breakerIn(state).decision.isHeldOpen);
  expect(held).toEqual(['forcedOpen']);
  expect(breakerIn('forcedOpen').decision.retryAtMs).toBeNull();
});

test('CB-5 a decision is a plain value that nobody can change', () => {
  expect(Object.isFrozen(breakerIn('closed').decision)).toBe(true);
});
