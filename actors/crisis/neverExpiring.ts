/**
 * A crisis that comes as a request of any kind, and may say when it expires, or when it is to begin: it never
 * expires, and nothing delays it (CR-4).
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import { withNote } from '../../machines/policy/request/requestBody.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { Facts } from '../facts/factStream.ts';
import { operationId } from '../platform/operationId.ts';

/** The request without the instants that it may not have, told of under this id; `null` where there are none. */
export function neverExpiring(
  {
    clock,
    random,
    facts,
  }: { readonly clock: Clock; readonly random: Random; readonly facts: Facts },
  given: CheckedRequest,
): { readonly sound: CheckedRequest; readonly id: string } | null {
  if (given.expiresAtMs === null && given.startAtMs === null) return null;
  if (!passesBy('expiry', given)) return null;
  const leftOut = (['expiresAtMs', 'startAtMs'] as const).filter((field) => given[field] !== null);
  const id = operationId(clock.now(), random);
  facts.emit('crisis.mended', id, leftOut);
  return {
    sound: { ...given, expiresAtMs: null, startAtMs: null, body: withNote(given.body, leftOut) },
    id,
  };
}
