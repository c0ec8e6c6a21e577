/**
 * The probes of a half-open breaker, as leases: a probe that does not report makes way for another, so
 * that neither a caller who died nor an upstream that answers nothing decides when the next one goes out
 * (CB-2).
 *
 * @module
 */

import { type BreakerPacing, openDurationMs } from './breakerPolicy.ts';

/** A probe that is out, and when another may go out in its stead even if it never reports. */
export interface ProbeLease {
  readonly id: string;
  readonly leaseEndsAtMs: number;
}

/** A permit that is asked for or reported on. */
export interface PermitFacts {
  readonly permitId: string;
  readonly atMs: number;
  /** A random number from [0, 1) where one is asked for; left out, the middle. */
  readonly draw?: number | undefined;
}

/** The leases that still run at `atMs`. */
export function heldLeases(probes: readonly ProbeLease[], atMs: number): readonly ProbeLease[] {
  return probes.filter((probe) => probe.leaseEndsAtMs > atMs);
}

/**
 * The leases after one more was granted at `atMs`. It lasts no longer than the time to the next probe
 * would be, had this one failed: in an outage in which calls hang, probes follow each other as in one in
 * which they fail at once, and an answer that comes after its lease still counts.
 *
 * @param downMs since the outage began
 */
export function withLease(
  probes: readonly ProbeLease[],
  pacing: BreakerPacing,
  granted: PermitFacts,
  downMs: number,
): readonly ProbeLease[] {
  const { draw = 0.5 } = granted;
  const leaseMs = Math.min(pacing.leaseMs, openDurationMs(pacing, { downMs, draw }));
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
