/**
 * Turns a checked request into the input of the chart that it goes on.
 *
 * @module
 */

import type { CrisisInput } from '../../machines/crisis/crisisMachine.ts';
import type { SyncOperationInput } from '../../machines/operation/syncOperationMachine.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { RetryPolicy } from '../../machines/policy/retry/retryPolicy.ts';
import { type RetryClass, retryClassOf } from '../../machines/vocabulary/urgency.ts';
import { fingerprintOf } from '../platform/fingerprint.ts';

/** What its handler makes of an operation. */
export interface OperationTraits {
  /** It is given up once the function that came with it is gone. */
  readonly isBoundToProcess?: boolean | undefined;
  /** It is compared with what is known of its record before it is sent. */
  readonly isEdit?: boolean | undefined;
}

/** What the operation of a request starts with, whichever way it is accepted. */
export function operationInput(
  id: string,
  request: CheckedRequest,
  retry: Readonly<Record<RetryClass, RetryPolicy>>,
  acceptedAtMs: number,
  { isBoundToProcess = false, isEdit = false }: OperationTraits = {},
): SyncOperationInput {
  const { idempotencyKey } = request;
  const { attemptsMax, thenEveryMs } = retry[retryClassOf(request.priority, request.tier)];
  const input: SyncOperationInput = {
    id,
    type: request.type,
    subject: request.subject,
    entity: request.entity,
    tier: request.tier,
    priority: request.priority,
    idempotencyKey: idempotencyKey ?? id,
    fingerprint: idempotencyKey === null ? null : fingerprintOf(request),
    method: request.method,
    path: request.path,
    acceptedAtMs,
    expiresAtMs: request.expiresAtMs,
    attemptsMax: thenEveryMs === null ? attemptsMax : null,
  };
  const { tags, startAtMs } = request;
  const isForLater = startsLater(request, acceptedAtMs);
  if (tags.length === 0 && !isBoundToProcess && !isForLater && !isEdit) return input;
  return {
    ...input,
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
  const { type, subject, entity, tier, idempotencyKey, method, path } = request;
  return {
    id,
    type,
    subject,
    entity,
    tier,
    idempotencyKey: idempotencyKey ?? id,
    method,
    path,
    acceptedAtMs,
    ...(request.isTest === true ? { isTest: true } : {}),
  };
}
