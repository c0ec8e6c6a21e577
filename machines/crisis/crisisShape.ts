/**
 * Whether a value has the shape of a crisis's context, for a chart that runs with one of another shape does
 * anything (PS-3).
 *
 * @module
 */

import {
  type Check,
  hasShape,
  isCount,
  isFlag,
  isNumber,
  isText,
  oneOf,
  orAbsent,
  orNull,
} from '../vocabulary/shape.ts';
import type { Standing } from '../vocabulary/standing.ts';
import type { CrisisContext } from './crisisContext.ts';
import type { ChainStep, CrisisEscalation, TakenOn } from './crisisEscalation.ts';
import type { CrisisDeliveryState, CrisisStates } from './crisisState.ts';

const isEntity = hasShape({ type: isText, id: isText });
const isFailure = hasShape({ failureClass: isText, code: isText, message: isText });
const isEntry = hasShape({ atMs: isNumber, what: isText, attempt: isCount, code: orNull(isText) });
const isHistory: Check = (value) => Array.isArray(value) && value.every(isEntry);
const isPerson = hasShape({ id: isText, role: orAbsent(isText) });
const STEP = {
  name: isText,
  outcome: orNull(oneOf('told', 'notHeard', 'maybeHeard', 'refused')),
  round: isCount,
  calls: isCount,
  failures: isCount,
  throws: isCount,
  cutOff: isCount,
  mayKnow: isFlag,
  atMs: isNumber,
  owedAtMs: orNull(isNumber),
  waitMs: isNumber,
} satisfies Record<keyof ChainStep, Check>;
const TAKEN_ON = {
  by: isPerson,
  atMs: isNumber,
  untilMs: isNumber,
  step: orNull(isText),
  asks: isCount,
  askAtMs: orNull(isNumber),
  askWaitMs: isNumber,
} satisfies Record<keyof TakenOn, Check>;
const isStep = hasShape(STEP);
const isDecision = hasShape({
  what: oneOf('noted', 'acknowledged', 'released', 'callOffProposed', 'calledOff', 'saidSafe'),
  by: isPerson,
  note: orNull(isText),
  atMs: isNumber,
  isAlone: orAbsent(isFlag),
});
const ESCALATION = {
  sinceAtMs: orNull(isNumber),
  cause: orNull(oneOf('attemptsUsedUp', 'notInTime')),
  round: isCount,
  from: orNull(isText),
  anew: isCount,
  step: orNull(isText),
  dueAtMs: isNumber,
  waitMs: isNumber,
  toldAtMs: orNull(isNumber),
  steps: (value) => Array.isArray(value) && value.every(isStep),
  takenOn: orNull(hasShape(TAKEN_ON)),
  decisions: (value) => Array.isArray(value) && value.every(isDecision),
} satisfies Record<keyof CrisisEscalation, Check>;

const CONTEXT = {
  id: isText,
  type: isText,
  subject: isText,
  entity: orNull(isEntity),
  tier: isText,
  priority: oneOf('crisis'),
  idempotencyKey: isText,
  fingerprint: oneOf(null),
  method: orNull(isText),
  path: orNull(isText),
  acceptedAtMs: isNumber,
  isTest: orAbsent(oneOf(true)),
  expiresAtMs: oneOf(null),
  attemptsMax: oneOf(null),
  attempt: isCount,
  isSpent: isFlag,
  escalation: hasShape(ESCALATION),
  sinceAtMs: orAbsent(isNumber),
  crashes: isCount,
  isOutcomeUnknown: isFlag,
  firstAttemptAtMs: orNull(isNumber),
  wakeAtMs: isNumber,
  delayMs: orNull(isNumber),
  failure: orNull(isFailure),
  ending: orNull(oneOf('completed', 'cancelled')),
  settledAtMs: orNull(isNumber),
  history: isHistory,
} satisfies Record<keyof CrisisContext, Check>;

/** Whether the chart of crises can run with it. */
export const isCrisisContext: Check = hasShape(CONTEXT);

/** The states that it wakes up in after a restart: what was under way was ordered, no more. */
export function crisisToKeep({
  delivery,
  escalation,
}: Pick<CrisisStates, 'delivery' | 'escalation'>): CrisisStates {
  return {
    record: 'durable',
    delivery: delivery === 'attempting' ? 'awaitingPlace' : delivery,
    // A call that was under way is owed, and is made again.
    escalation,
  };
}

/** Whether a row may be in this state. */
export function isCrisisKept({ delivery }: Pick<CrisisStates, 'delivery'>): boolean {
  return delivery !== 'attempting';
}

/** What a row says of its crisis: once it has settled, its ending is on disk. */
export function crisisOfRow(
  kept: CrisisStates,
  { ending }: Pick<CrisisContext, 'ending'>,
  standing: Standing,
): CrisisStates {
  const record = standing === 'settled' && ending !== null ? 'closed' : 'durable';
  return { ...kept, record };
}

/**
 * Where rows stand of crises whose delivery is in this state. Versions before had crises on the chart of
 * operations, where they rested.
 */
export function crisisStandingsOf(delivery: CrisisDeliveryState): readonly Standing[] {
  if (delivery === 'attempting') return [];
  if (delivery === 'delivered' || delivery === 'calledOff') return ['inHand', 'settled'];
  return ['inHand', 'due', 'held'];
}

export type CrisisTag =
  /** The next attempt is ordered, which is written beside it; it goes out once a place is free. */
  | 'place'
  /** An attempt is under way. */
  | 'delivery'
  /** The crisis was called off while it was sent, which is written; it is left once that has ended. */
  | 'recall'
  /** Nothing is in flight: where it waits is written beside it. It stays in memory. */
  | 'stay'
  /** The ending is reported at once to all who wait for it, and written. */
  | 'over'
  /** The ending is on disk: the crisis leaves memory. */
  | 'leave';
