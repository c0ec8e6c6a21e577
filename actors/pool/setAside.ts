/**
 * Records that can't be opened or read: set aside as they are, and told of to whoever waits (PS-3).
 *
 * @module
 */

import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { QuarantinedRow, StoredOperation } from '../../persistence/port/store.ts';
import type { Journal } from '../journal/journal.ts';
import { quarantinedError } from '../operation/outcome.ts';
import { type Resident, takePending } from '../operation/resident.ts';
import type { Watchers } from './watchers.ts';

/** Sets a row aside whose snapshot can't be read: kept as it is, and never handed out again. */
export function setAside(
  parts: { readonly journal: Journal; readonly onError: (error: unknown) => void },
  { seq, id, revision }: StoredOperation,
  reason: unknown,
): void {
  parts.onError(reason);
  const code = isHoldfastError(reason) ? reason.code : 'HF_INTERNAL';
  parts.journal.write({
    build: () => ({ kind: 'setAside', seq, id, revision, code }),
    onDurable: () => undefined,
  });
}

/** A row was set aside: whoever waits for its acceptance or its outcome hears that. */
export function tellSetAside(
  { id }: QuarantinedRow,
  pool: {
    readonly watchers: Watchers;
    resident(id: string): Resident | undefined;
  },
): void {
  const reason = quarantinedError();
  const resident = pool.resident(id);
  if (resident !== undefined) takePending(resident)?.reject(reason);
  pool.watchers.refused(id, reason);
}
