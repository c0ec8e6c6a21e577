/**
 * Whether work that is due and does not begin is held up by something that is known to pass, or by a
 * defect that a person has to hear of.
 *
 * @module
 */

import type { MayRun, WaitCause } from '../../vocabulary/waitCause.ts';

/** Why work does not go on: what is said to stand against it, or `unknown` where nothing is. */
export type StuckReason = WaitCause | 'unknown';

/** What others tell a person of, or a person has ordered. */
const TOLD_ELSEWHERE: ReadonlySet<WaitCause> = new Set([
  'start',
  'stopping',
  'storage',
  'operator',
]);

/**
 * Why work is stuck that is due at an upstream where nothing has begun for as long as the watchdog waits;
 * `null` where that is explained: somebody knows already, it ends by itself at a known time, or calls
 * are under way that hold the slots and will end.
 *
 * @param answer what the upstream says to the most urgent that waits
 * @param running calls that are under way there; for `suspect`, those of the one that runs alone
 * @param nowMs by the clock of `answer`
 */
export function stuckReason(answer: MayRun, running: number, nowMs: number): StuckReason | null {
  if (answer.may) return 'unknown';
  const { because, untilAtMs } = answer;
  const passes = running > 0 || (untilAtMs !== null && untilAtMs > nowMs);
  return passes || TOLD_ELSEWHERE.has(because) ? null : because;
}
