/**
 * Whether a value has the shape of an operation's context. What is kept of an operation is sealed, so
 * it is what a holdfast wrote; but not every holdfast is without faults, and a chart that runs with a
 * context of another shape does anything (PS-3).
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
import { PRIORITIES, TIERS } from '../vocabulary/urgency.ts';
import type { SyncOperationContext } from './syncOperationContext.ts';

const isEntity = hasShape({ type: isText, id: isText });
const isFailure = hasShape({ failureClass: isText, code: isText, message: isText });
const isUpMark = hasShape({ upstream: isText, upMs: isNumber });
const isReservation = hasShape({ owner: isText, dueAtMs: isNumber, timesAsked: isCount });
const isEntry = hasShape({ atMs: isNumber, what: isText, attempt: isCount, code: orNull(isText) });
const isTags: Check = (value) => Array.isArray(value) && value.every(isText);
const isHistory: Check = (value) => Array.isArray(value) && value.every(isEntry);

const CONTEXT = {
  id: isText,
  type: isText,
  subject: isText,
  entity: orNull(isEntity),
  tier: isText,
  like: orAbsent(oneOf(...TIERS)),
  priority: oneOf(...PRIORITIES),
  idempotencyKey: isText,
  keyGivenTo: orAbsent(isText),
  fingerprint: orNull(isText),
  method: orNull(isText),
  path: orNull(isText),
  acceptedAtMs: isNumber,
  expiresAtMs: orNull(isNumber),
  startAtMs: orAbsent(isNumber),
  attemptsMax: orNull(isCount),
  isBoundToProcess: orAbsent(isFlag),
  tags: orAbsent(isTags),
  isEdit: orAbsent(isFlag),
  attempt: isCount,
  isSpent: isFlag,
  unspentFailures: orAbsent(isCount),
  isSingledOut: orAbsent(isFlag),
  failedAtMs: orAbsent(isNumber),
  upMark: orAbsent(isUpMark),
  workMark: orAbsent(isUpMark),
  rate: orAbsent(isReservation),
  sinceAtMs: orAbsent(isNumber),
  crashes: isCount,
  isOutcomeUnknown: isFlag,
  round: orAbsent(isCount),
  roundsKey: orAbsent(isText),
  isCompared: orAbsent(isFlag),
  firstAttemptAtMs: orNull(isNumber),
  wakeAtMs: isNumber,
  delayMs: orNull(isNumber),
  failure: orNull(isFailure),
  ending: orNull(oneOf('completed', 'deadLettered', 'cancelled', 'expired')),
  settledAtMs: orNull(isNumber),
  history: isHistory,
} satisfies Record<keyof SyncOperationContext, Check>;
const isShape = hasShape(CONTEXT);
const isKnownTier = ({ tier, like }: SyncOperationContext): boolean =>
  like !== undefined || TIERS.some((known) => known === tier);

/** Whether the operation's chart can run with it. */
export const isOperationContext: Check = (value) =>
  isShape(value) && isKnownTier(value as SyncOperationContext);
