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
import { isCrisisKey } from './trace.ts';

const WINDOW_MS = 600_000;
/** Windows of ten minutes in which a crisis of a test may have been accepted, around the one that it is noted in. */
const WINDOWS = [-3, -2, -1, 0, 1];

/** Keys as callers gave them, unique whatever the test: one table for all. */
const given = new Map<string, string>();

/** Notes a request that is sent, or will be; returns it. */
export function noteSent<Request extends SyncRequest>(request: Request): Request {
  const { type, subject, idempotencyKey: key } = request;
  if (key !== undefined) given.set(derivedKey({ type, subject, key }), key);
  return request;
}

/**
 * Notes a crisis that is raised about now, by the clock that the runtime has; returns it.
 *
 * @param name - tells it from others under the same key
 */
export function noteCrisis<Request extends CrisisRequest>(
  request: Request,
  nowMs: number,
  name: string | undefined = request.idempotencyKey,
): Request {
  const { region: _, locale: __, test, ...rest } = request;
  const checked = {
    ...checkRequest({ type: 'crisis.alert', ...rest, priority: 'crisis' }),
    ...(test === true ? { isTest: true as const } : {}),
  };
  for (const window of WINDOWS) {
    const id = firstIdAt(nowMs + window * WINDOW_MS);
    given.set(crisisKey(id, checked), name ?? id);
  }
  return request;
}

/** Keys that were given, by the id of the operation: an edit that is made again goes out under another one. */
const byId = new Map<string, string>();
/** Crises in which something broke a rule: they go out under a key that is known only then. */
const mended = new Set<string>();
/** The key of an edit that was made again, after the id of its operation. */
const MADE_AGAIN = /-r\d+$/;

/** Forgets all operations, whose ids may come again in another run. */
export function forgetOperations(): void {
  byId.clear();
  mended.clear();
}

/** Notes which operation a request has become. */
export function noteAccepted(id: string, key: string): void {
  byId.set(id, key);
}

/** Notes an attempt, under a key that may be that of an edit made again. */
export function noteAttempted(id: string, sent: string): void {
  const before = byId.get(id);
  if (!given.has(sent) && before !== undefined && isCrisisKey(before) && !mended.has(id)) {
    given.set(sent, before);
    mended.add(id);
  }
  const key = given.get(sent);
  if (key !== undefined || !MADE_AGAIN.test(sent)) byId.set(id, key ?? sent);
}

/** The key of an operation on disk. */
export function keyOfRow(id: string, sent: string): string {
  return byId.get(id) ?? givenKey(sent);
}

/** The key that the test gave; one that it did not note is what it is. */
export function givenKey(sent: string): string {
  const key = given.get(sent);
  if (key !== undefined || !MADE_AGAIN.test(sent)) return key ?? sent;
  const id = sent.replace(MADE_AGAIN, '');
  return byId.get(id) ?? id;
}
