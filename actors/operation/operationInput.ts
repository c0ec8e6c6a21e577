/**
 * Turns a checked request into the input of the chart that it goes on.
 *
 * @module
 */

import type { CrisisInput } from '../../machines/crisis/crisisMachine.ts';
import type { RetryPolicies } from '../../machines/operation/attemptVerdict.ts';
import type { SyncOperationInput } from '../../machines/operation/syncOperationMachine.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import { subjectForm } from '../../machines/vocabulary/subject.ts';
import { ofClass } from '../../machines/vocabulary/urgency.ts';
import { fingerprintOf } from '../platform/operationId.ts';
import { crisisKey, derivedKey } from './acceptance.ts';

/** What its handler makes of an operation. */
export interface OperationTraits {
  /** The upstream that gets the app's keys as they were given. */
  readonly keyGivenTo?: string | undefined;
  /** Whether the operation is given up once the function that came with it is gone. */
  readonly isBoundToProcess?: boolean | undefined;
  /** Whether the operation is compared with what is known of its record before it is sent. */
  readonly isEdit?: boolean | undefined;
}

/** What the operation of a request starts with, whichever way it is accepted. */
export function operationInput(
  id: string,
  request: CheckedRequest,
  retry: RetryPolicies,
  acceptedAtMs: number,
  { keyGivenTo, isBoundToProcess = false, isEdit = false }: OperationTraits = {},
): SyncOperationInput {
  const { type, subject, idempotencyKey: key } = request;
  const isGiven = key !== null && keyGivenTo !== undefined;
  const { attemptsMax, thenEveryMs } = ofClass(retry, request);
  const input: SyncOperationInput = {
    id,
    type: request.type,
    subject: request.subject,
    entity: request.entity,
    tier: request.tier,
    priority: request.priority,
    idempotencyKey: isGiven || key === null ? (key ?? id) : derivedKey({ type, subject, key }),
    // Under a key that goes out as given, another type or subject is another request.
    fingerprint:
      key === null ? null : fingerprintOf(request, isGiven ? [type, subjectForm(subject)] : []),
    method: request.method,
    path: request.path,
    acceptedAtMs,
    expiresAtMs: request.expiresAtMs,
    attemptsMax: thenEveryMs === null ? attemptsMax : null,
  };
  const { tags, startAtMs, like } = request;
  const isForLater = startsLater(request, acceptedAtMs);
  const isPlain = tags.length === 0 && !isBoundToProcess && !isForLater && !isEdit && !isGiven;
  if (isPlain && like === undefined) return input;
  return {
    ...input,
    ...(like === undefined ? {} : { like }),
    ...(isGiven ? { keyGivenTo } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    ...(isBoundToProcess ? { isBoundToProcess } : {}),
    ...(isEdit ? { isEdit } : {}),
    ...(isForLater && startAtMs !== null ? { startAtMs } : {}),
  };
}

/** Whether it is to begin after this. */
export function startsLater(
  { startAtMs }: Pick<CheckedRequest, 'startAtMs'>,
  atMs: number,
): boolean {
  return startAtMs !== null && startAtMs > atMs;
}

/** What a crisis starts with; its idempotency key is for the upstream alone. */
export function crisisInput(
  id: string,
  request: Omit<CheckedRequest, 'priority'>,
  acceptedAtMs: number,
): CrisisInput {
  const { type, subject, entity, tier, method, path } = request;
  return {
    id,
    type,
    subject,
    entity,
    tier,
    idempotencyKey: crisisKey(id, request),
    method,
    path,
    acceptedAtMs,
    ...(request.isTest === true ? { isTest: true } : {}),
  };
}
