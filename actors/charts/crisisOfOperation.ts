/**
 * The way from a crisis that versions 1 to 3 of the operation's chart kept to the chart of crises (CR-4,
 * docs/decisions/0139). Its row is written in the present form when it is next written.
 *
 * @module
 */

import { notEscalated } from '../../machines/crisis/crisisEscalation.ts';
import type {
  CrisisContext,
  CrisisDeliveryState,
  CrisisEscalationState,
} from '../../machines/crisis/crisisMachine.ts';
import type {
  SyncOperationContext,
  SyncOperationState,
} from '../../machines/operation/syncOperationMachine.ts';

/**
 * Where its delivery goes on: what was ordered may have been in flight, and all that waits goes on when that
 * is due; the next failure says whether its fast attempts are used up. `null` where it has ended, or was
 * never accepted: that stays on the chart that wrote it.
 */
const GOES_ON_IN: Readonly<Record<SyncOperationState, CrisisDeliveryState | null>> = {
  ordering: 'awaitingPlace',
  attempting: 'awaitingPlace',
  overhanging: 'awaitingPlace',
  suspect: 'awaitingPlace',
  inLane: 'fastBackoff',
  scheduled: 'fastBackoff',
  waiting: 'fastBackoff',
  backingOff: 'fastBackoff',
  rateLimited: 'fastBackoff',
  conflicted: 'fastBackoff',
  inReview: 'fastBackoff',
  replayed: 'fastBackoff',
  handlerMissing: 'awaitingHandler',
  cancelling: 'callingOff',
  settling: null,
  completed: null,
  deadLettered: null,
  cancelled: null,
  expired: null,
  comparing: null,
  accepting: null,
  rejected: null,
  duplicate: null,
};

/** `null` for what is no crisis, and for one that has ended. */
export function crisisOfOperation(
  state: SyncOperationState,
  context: SyncOperationContext,
): {
  readonly delivery: CrisisDeliveryState;
  readonly escalation: CrisisEscalationState;
  readonly context: CrisisContext;
} | null {
  const delivery = GOES_ON_IN[state];
  if (context.priority !== 'crisis' || delivery === null) return null;
  const { id, type, subject, entity, tier, idempotencyKey, method, path, acceptedAtMs } = context;
  const { attempt, isSpent, crashes, isOutcomeUnknown, firstAttemptAtMs } = context;
  const { wakeAtMs, delayMs, sinceAtMs, failure, history } = context;
  return {
    delivery,
    // Its next failure, or its age, says whether people have to be told.
    escalation: delivery === 'callingOff' ? 'ended' : 'quiet',
    context: {
      ...{ id, type, subject, entity, tier, priority: 'crisis', idempotencyKey, fingerprint: null },
      ...{ method, path, acceptedAtMs, expiresAtMs: null, attemptsMax: null },
      ...{ attempt, isSpent, crashes, isOutcomeUnknown, firstAttemptAtMs },
      escalation: notEscalated(acceptedAtMs),
      ...{ wakeAtMs, delayMs, failure, ending: null, settledAtMs: null, history },
      ...(sinceAtMs === undefined ? {} : { sinceAtMs }),
    },
  };
}
