/**
 * The probes of a half-open breaker, as leases: a probe that never reports makes way for another, so
 * that a caller who died cannot keep the breaker half open for ever (CB-2).
 *
 * @module
 */

import type { BreakerPacing } from './breakerPolicy.ts';

/** A probe that is out, and when another may go out in its stead even if it never reports. */
export interface ProbeLease {
  readonly id: string;
  readonly leaseEndsAtMs: number;
}

/** A permit that is asked for or reported on. */
export interface PermitFacts {
  readonly permitId: string;
  readonly atMs: number;
}

/** The leases that still run at `atMs`. */
export function heldLeases(probes: readonly ProbeLease[], atMs: number): readonly ProbeLease[] {
  return probes.filter((probe) => probe.leaseEndsAtMs > atMs);
}

/** The leases after one more was granted at `atMs`. */
export function withLease(
  probes: readonly ProbeLease[],
  { leaseMs }: Pick<BreakerPacing, 'leaseMs'>,
  granted: PermitFacts,
): readonly ProbeLease[] {
  const lease = { id: granted.permitId, leaseEndsAtMs: granted.atMs + leaseMs };
  return [...heldLeases(probes, granted.atMs), lease];
}

/** True while the lease of this permit runs. */
export function isLeaseHeld(probes: readonly ProbeLease[], permit: PermitFacts): boolean {
  return probes.some(
    ({ id, leaseEndsAtMs }) => id === permit.permitId && leaseEndsAtMs > permit.atMs,
  );
}

/** When the first of the leases ends; `null` when there is none. */
export function firstLeaseEnd(probes: readonly ProbeLease[]): number | null {
  return probes.length === 0 ? null : Math.min(...probes.map((probe) => probe.leaseEndsAtMs));
}
