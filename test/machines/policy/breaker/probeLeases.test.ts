/**
 * The probes of a half-open breaker as leases that end by themselves (CB-2).
 *
 * @module
 */

import { expect, test } from 'vitest';
import {
  firstLeaseEnd,
  heldLeases,
  isLeaseHeld,
  withLease,
} from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { TEST_PACING } from '../../../support/harness/breakerHarness.ts';

const policy = { ...TEST_PACING, leaseMs: 1_000 };
const leases = [
  { id: 'b', leaseEndsAtMs: 2_000 },
  { id: 'a', leaseEndsAtMs: 1_000 },
];

test('CB-2 a lease runs up to its end, and not at it', () => {
  expect(heldLeases(leases, 999)).toEqual(leases);
  expect(heldLeases(leases, 1_000).map(({ id }) => id)).toEqual(['b']);
  expect(heldLeases(leases, 2_000)).toEqual([]);
});

test('CB-2 a new lease joins those that still run', () => {
  expect(withLease(leases, policy, { permitId: 'c', atMs: 1_500 }, 0)).toEqual([
    { id: 'b', leaseEndsAtMs: 2_000 },
    { id: 'c', leaseEndsAtMs: 2_500 },
  ]);
});

test('CB-2 a lease lasts no longer than the time to the next probe', () => {
  const pacing = { ...TEST_PACING, leaseMs: 60_000 };
  const lastsMs = (downMs: number, draw?: number): number =>
    withLease([], pacing, { permitId: 'a', atMs: 0, draw }, downMs)[0]?.leaseEndsAtMs ?? 0;
  expect([0, 20_000, 600_000].map((downMs) => lastsMs(downMs))).toEqual([1_000, 2_000, 8_000]);
  expect([lastsMs(20_000, 0), lastsMs(20_000, 0.999_999)]).toEqual([1_800, 2_200]);
});

test('CB-2 a permit counts while its own lease runs', () => {
  expect(isLeaseHeld(leases, { permitId: 'a', atMs: 999 })).toBe(true);
  expect(isLeaseHeld(leases, { permitId: 'a', atMs: 1_000 })).toBe(false);
  expect(isLeaseHeld(leases, { permitId: 'c', atMs: 0 })).toBe(false);
  expect(isLeaseHeld([], { permitId: 'a', atMs: 0 })).toBe(false);
});

test('CB-2 the first to end is what the breaker waits for', () => {
  expect(firstLeaseEnd(leases)).toBe(1_000);
  expect(firstLeaseEnd([])).toBeNull();
});
