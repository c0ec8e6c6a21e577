/**
 * Why a breaker has changed its state, in the words of facts (CB-1, CB-2).
 *
 * @module
 */

import type { CircuitBreakerEvent, TripCause } from './circuitBreakerMachine.ts';

/**
 * - `surprise`: it tripped: failures in a row that chance does not explain where so few fail as usual.
 * - `consecutive`, `failureRate`, `slowCallRate`: it tripped by a rule that was set.
 * - `probeFailed`: every probe failed, and it is open again.
 * - `cooldownOver`: it lets probes out.
 * - `probeSucceeded`: it is closed again.
 * - `crisisDelivered`: so it is, for the upstream has taken a crisis.
 * - `operator`: somebody forced it open, switched it off, lets it observe, or let it go.
 * - `restart`: the process, or the component, began anew.
 */
export type BreakerChange =
  | TripCause
  | 'probeFailed'
  | 'cooldownOver'
  | 'probeSucceeded'
  | 'crisisDelivered'
  | 'operator'
  | 'restart';

/** Why a change of state follows `event`; `null` stands for a component that began anew. */
export function breakerChangeOf(event: CircuitBreakerEvent | null): BreakerChange {
  switch (event?.type) {
    case 'outage.detected':
      return event.cause;
    case 'cooldown.due':
      return 'cooldownOver';
    case 'probe.succeeded':
      return 'probeSucceeded';
    case 'probe.failed':
      return 'probeFailed';
    case 'crisis.delivered':
      return 'crisisDelivered';
    case 'operator.forcedOpen':
    case 'operator.disabled':
    case 'operator.observing':
    case 'operator.released':
      return 'operator';
    default:
      return 'restart';
  }
}
