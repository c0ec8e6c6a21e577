/**
 * Why a breaker has changed its state, in the words of facts (CB-1, CB-2).
 *
 * @module
 */

import type { TripCause } from '../policy/breaker/callWindow.ts';
import type { CircuitBreakerEvent } from './circuitBreakerMachine.ts';

/**
 * - `consecutive`, `rate`: it tripped, on failures in a row or on their share.
 * - `probeFailed`: a probe failed, and it is open again.
 * - `cooldownOver`: it lets probes out.
 * - `probesSucceeded`: it is closed again.
 * - `operator`: somebody forced it open, switched it off or let it go.
 * - `restart`: the process, or the component, began anew.
 */
export type BreakerChange =
  | TripCause
  | 'probeFailed'
  | 'cooldownOver'
  | 'probesSucceeded'
  | 'operator'
  | 'restart';

/** Why a change of state follows `event`; `null` stands for a component that began anew. */
export function breakerChangeOf(event: CircuitBreakerEvent | null): BreakerChange {
  switch (event?.type) {
    case 'failures.exceeded':
      return event.cause;
    case 'cooldown.due':
      return 'cooldownOver';
    case 'probe.succeeded':
      return 'probesSucceeded';
    case 'probe.failed':
      return 'probeFailed';
    case 'operator.forcedOpen':
    case 'operator.disabled':
    case 'operator.released':
      return 'operator';
    default:
      return 'restart';
  }
}
