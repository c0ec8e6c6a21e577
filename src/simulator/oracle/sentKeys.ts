/**
 * Which key of a test's request a key at the upstream stands for (OP-8), so that what upstreams and disks tell
 * can be compared with what callers were told.
 *
 * @module
 */

import { crisisKey, derivedKey } from '../../../actors/operation/acceptance.ts';
import { firstIdAt } from '../../../actors/platform/operationId.ts';
import { checkRequest, type SyncRequest } from '../../../machines/policy/request/request.ts';
import type { CrisisRequest } from '../../runtime.ts';

const WINDOW_MS = 600_000;
/** Windows of ten minutes in which a crisis of a test may have been accepted, around the one that it is noted in. */
const WINDOWS = [-3, -2, -1, 0, 1];

/** They are unique whatever the test: one table for all. */
const given = new Map<string, string>();

/** Notes a request that is sent, or will be; returns it. */
export function noteSent<Request extends SyncRequest>(request: Request): Request {
  const { type, subject, idempotencyKey: key } = request;
  if (key !== undefined) given.set(derivedKey({ type, subject, key }), key);
  return request;
}

/** Notes a crisis that is raised about now, by the clock that the runtime has; returns it. */
export function noteCrisis<Request extends CrisisRequest>(
  request: Request,
  nowMs: number,
): Request {
  const checked = checkRequest({ type: 'crisis.alert', ...request, priority: 'crisis' });
  for (const window of WINDOWS) {
    const id = firstIdAt(nowMs + window * WINDOW_MS);
    given.set(crisisKey(id, checked), request.idempotencyKey ?? id);
  }
  return request;
}

/** The key that the test gave; one that it did not note is what it is. */
export function givenKey(sent: string): string {
  return given.get(sent) ?? sent;
}
