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
} from '../../../../machines/policy/breaker/probeLeases.ts';

const policy = { leaseMs: 1_000 };
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
  expect(withLease(leases, policy, { permitId: 'c', atMs: 1_500 })).toEqual([
    { id: 'b', leaseEndsAtMs: 2_000 },
    { id: 'c', leaseEndsAtMs: 2_500 },
  ]);
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
