/**
 * Keeps acceptances of crises beside a database that fails, until the database has taken them
 * (CR-4).
 *
 * @module
 */

import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { RecordStore } from '../../persistence/port/store.ts';
import { type Pending, toWrite } from './journalEntry.ts';
import { toStoreError } from './storeErrors.ts';

/**
 * Keeps beside a database that fails what may not be lost with the process (CR-4): the acceptances of
 * crises, each until the database has taken it.
 */
export class Spill {
  readonly #store: Pick<RecordStore, 'spill'>;
  readonly #onError: (error: unknown) => void;
  /** Why nothing can be kept here either: told once for each trouble, not for each crisis. */
  #told: ErrorCode | null = null;

  constructor(store: Pick<RecordStore, 'spill'>, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  /** The database has begun to fail: what goes wrong here is news again. */
  troubleBegins(): void {
    this.#told = null;
  }

  /** Keeps those that can be spilled and are not yet; where that fails, the next call asks again. */
  keep(pendings: readonly Pending[]): void {
    for (const pending of pendings) {
      if (pending.onSpilled === undefined || pending.isSpilled === true) continue;
      const write = toWrite(pending);
      if (write.kind !== 'accept') continue;
      pending.isSpilled = true;
      this.#store.spill(write).then(pending.onSpilled, (error: unknown) => {
        pending.isSpilled = false;
        const { code } = toStoreError(error);
        if (code !== this.#told) this.#onError(error);
        this.#told = code;
      });
    }
  }
}
