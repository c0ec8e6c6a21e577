/**
 * The rule for the payload that an update leaves, the same in every store.
 *
 * @module
 */

import type { UpdateWrite } from './writes.ts';

/** The payload of the row after this update; `null` for none. */
export function payloadAfter({ payload, newPayload }: UpdateWrite): string | null {
  return payload === null ? null : (newPayload ?? payload);
}

/** True if a row after this update already has the payload that the update would leave. */
export function hasPayloadOf(
  row: { readonly payload: string | null },
  write: UpdateWrite,
): boolean {
  return write.newPayload === undefined || row.payload === payloadAfter(write);
}
