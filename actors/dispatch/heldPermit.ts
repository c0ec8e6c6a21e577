/**
 * Whether an operation holds a permit of the upstream that it is about to call (OP-7).
 *
 * @module
 */

import { type FlowControl, giveBack } from '../flow/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { LeaseCheck } from './leaseCheck.ts';

/**
 * Since it was given its permit its type may have moved, or the upstream gone down while its order was
 * written: then it is given another, if there is one.
 */
export function holdsPermitOf(resident: Resident, flow: FlowControl, leases: LeaseCheck): boolean {
  const { id, urgency, permit } = resident;
  if (permit === null || (permit.flow === flow && flow.began(permit))) return true;
  resident.permit = null;
  leases.returned(permit);
  giveBack(permit);
  resident.permit = flow.tryEnter({ id, urgency });
  if (resident.permit === null) return false;
  leases.held(resident.permit, resident);
  return true;
}
