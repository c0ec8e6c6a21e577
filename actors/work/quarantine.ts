/**
 * Quarantines records that can't be opened or read, and rejects their callers (PS-3).
 *
 * @module
 */

import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { QuarantinedRow, StoredOperation } from '../../persistence/port/store.ts';
import type { Journal } from '../journal/journal.ts';
import { quarantinedError } from '../operation/outcome.ts';
import { type Resident, takePending } from '../operation/resident.ts';
import type { Watchers } from './watchers.ts';

/** Quarantines a row whose snapshot can't be read: it is kept as it is and never handed out again. */
export function quarantine(
  parts: { readonly journal: Journal; readonly onError: (error: unknown) => void },
  { seq, id, revision }: StoredOperation,
  reason: unknown,
): void {
  parts.onError(reason);
  const code = isHoldfastError(reason) ? reason.code : 'HF_INTERNAL';
  parts.journal.write({
    build: () => ({ kind: 'quarantine', seq, id, revision, code }),
    onDurable: () => undefined,
  });
}

/** Rejects the callers that wait for the acceptance or the outcome of a quarantined row. */
export function rejectQuarantined(
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
