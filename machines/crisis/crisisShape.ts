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
import { TIERS } from '../vocabulary/urgency.ts';
import type { CrisisContext } from './crisisContext.ts';

const isEntity = hasShape({ type: isText, id: isText });
const isFailure = hasShape({ failureClass: isText, code: isText, message: isText });
const isEntry = hasShape({ atMs: isNumber, what: isText, attempt: isCount, code: orNull(isText) });
const isHistory: Check = (value) => Array.isArray(value) && value.every(isEntry);

const CONTEXT = {
  id: isText,
  type: isText,
  subject: isText,
  entity: orNull(isEntity),
  tier: oneOf(...TIERS),
  priority: oneOf('crisis'),
  idempotencyKey: isText,
  fingerprint: oneOf(null),
  method: orNull(isText),
  path: orNull(isText),
  acceptedAtMs: isNumber,
  expiresAtMs: oneOf(null),
  attemptsMax: oneOf(null),
  attempt: isCount,
  isSpent: isFlag,
  escalatedAtMs: orNull(isNumber),
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
