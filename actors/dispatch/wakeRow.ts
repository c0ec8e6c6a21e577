/**
 * Sends something to an operation that may be on disk only.
 *
 * @module
 */

import type { StoredOperation } from '../../persistence/port/store.ts';
import { type Resident, takesNotice } from '../operation/resident.ts';
import type { Residents } from './dispatcherParts.ts';

/** False where it takes no notice: then it goes back to disk. */
export function wakeRow(
  pool: Residents,
  row: StoredOperation,
  tell: (resident: Resident) => void,
): boolean {
  const known = pool.resident(row.id);
  const resident = known ?? pool.revive(row);
  if (resident === null) return false;
  const tookNotice = takesNotice(resident, () => {
    tell(resident);
  });
  if (known === undefined && !tookNotice) pool.passivate(resident);
  return tookNotice;
}
