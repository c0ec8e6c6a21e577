/**
 * Why a breaker has changed its state, in the words of facts (CB-1, CB-2).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { breakerChangeOf } from '../../../machines/breaker/breakerChange.ts';
import type { CircuitBreakerEvent } from '../../../machines/breaker/circuitBreakerSetup.ts';

type EventType = CircuitBreakerEvent['type'];

const changeAfter = (event: { readonly type: EventType; readonly cause?: string }) =>
  breakerChangeOf({ atMs: 1, ...event } as CircuitBreakerEvent);

test('CB-1 a trip is told by what caused it', () => {
  for (const cause of ['surprise', 'consecutive', 'failureRate', 'slowCallRate']) {
    expect(changeAfter({ type: 'outage.detected', cause })).toBe(cause);
  }
});

test.each<[EventType, string]>([
  ['cooldown.due', 'cooldownOver'],
  ['probe.succeeded', 'probeSucceeded'],
  ['crisis.delivered', 'crisisDelivered'],
  ['probe.failed', 'probeFailed'],
  ['operator.forcedOpen', 'operator'],
  ['operator.disabled', 'operator'],
  ['operator.observing', 'operator'],
  ['operator.released', 'operator'],
  ['process.restarted', 'restart'],
])('CB-1 CB-2 after %s it is told as %s', (type, change) => {
  expect(changeAfter({ type })).toBe(change);
});

test('CB-1 a component that began anew has restarted', () => {
  expect(breakerChangeOf(null)).toBe('restart');
});
