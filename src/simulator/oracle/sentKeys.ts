/**
 * Keys of a test's requests: finds the given key for a key at the upstream (OP-8), so that clauses can compare what
 * upstreams and disks tell with what callers heard.
 *
 * @module
 */

import { crisisKey, derivedKey } from '../../../actors/operation/acceptance.ts';
import { firstIdAt } from '../../../actors/platform/operationId.ts';
import { checkRequest, type SyncRequest } from '../../../machines/policy/request/request.ts';
import type { CrisisRequest } from '../../runtime.ts';
import { isCrisisKey } from './trace.ts';

const WINDOW_MS = 600_000;
/** Windows of ten minutes in which the runtime may accept a test's crisis, around the one in which it is noted. */
const WINDOWS = [-3, -2, -1, 0, 1];

/** Keys as callers gave them: one table for all tests, as each key is unique. */
const given = new Map<string, string>();

/** Notes a request that is sent now or later; returns it. */
export function noteSent<Request extends SyncRequest>(request: Request): Request {
  const { type, subject, idempotencyKey: key } = request;
  if (key !== undefined) given.set(derivedKey({ type, subject, key }), key);
  return request;
}

/**
 * Notes a crisis raised about now, by the runtime's clock; returns it.
 *
 * @param name - tells it from other crises under the same key
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

/** Given keys, by the id of the operation: an edit made again goes out under another key. */
const byId = new Map<string, string>();
/** Ids of crises with a part that broke a rule: only their attempts show the key that they go out under. */
const mended = new Set<string>();
/** Key of an edit that was made again: it follows from the id of its operation. */
const MADE_AGAIN = /-r\d+$/;

/** Forgets all operations, since another run may use their ids again. */
export function forgetOperations(): void {
  byId.clear();
  mended.clear();
}

/** Notes the operation that a request has become. */
export function noteAccepted(id: string, key: string): void {
  byId.set(id, key);
}

/** Notes an attempt, whose key may belong to an edit made again. */
export function noteAttempted(id: string, sent: string): void {
  const before = byId.get(id);
  if (!given.has(sent) && before !== undefined && isCrisisKey(before) && !mended.has(id)) {
    given.set(sent, before);
    mended.add(id);
  }
  const key = given.get(sent);
  if (key !== undefined || !MADE_AGAIN.test(sent)) byId.set(id, key ?? sent);
}

/** Finds the given key of an operation on disk. */
export function keyOfRow(id: string, sent: string): string {
  return byId.get(id) ?? givenKey(sent);
}

/** Finds the key that the test gave; a key that it never noted stands for itself. */
export function givenKey(sent: string): string {
  const key = given.get(sent);
  if (key !== undefined || !MADE_AGAIN.test(sent)) return key ?? sent;
  const id = sent.replace(MADE_AGAIN, '');
  return byId.get(id) ?? id;
}
