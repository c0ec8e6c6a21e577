/**
 * Which payload an update leaves, in every store.
 *
 * @module
 */

import type { UpdateWrite } from './writes.ts';

/** The payload of the row after this update; `null` for none. */
export function payloadAfter({ payload, newPayload }: UpdateWrite): string | null {
  return payload === null ? null : (newPayload ?? payload);
}

/** Whether a row on which this update was done already has the payload that it would leave. */
export function hasPayloadOf(
  row: { readonly payload: string | null },
  write: UpdateWrite,
): boolean {
  return write.newPayload === undefined || row.payload === payloadAfter(write);
}
