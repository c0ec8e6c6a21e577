/**
 * The one who writes: owns the folder, opens the file with the key it is given, answers requests.
 * It runs in a thread of its own (writerThread.ts) or in the caller's (inThreadChannel.ts).
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Ownership } from '../owner.ts';
import { takeOwnership } from '../owner.ts';
import { nodeEngine } from '../sealing/nodeEngine.ts';
import { createSealer } from '../sealing/recordSealer.ts';
import type { OpenedStore, Replies, StoreKey, StoreRequest } from './requests.ts';
import { SqliteCore } from './sqliteCore.ts';

export const DATA_FILE_NAME = 'data.db';

export class Writer {
  readonly #folder: string;
  #ownership: Ownership | null = null;
  #core: SqliteCore | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Becomes the folder's owner, and says whether there is data in it.
   *
   * @throws HoldfastError as {@link takeOwnership}.
   */
  own(): { readonly hasData: boolean } {
    this.#ownership = takeOwnership(this.#folder);
    return { hasData: existsSync(this.#dataPath()) };
  }

  /**
   * Opens the data with the key, which is wiped. `generation` is what this owner left in the store
   * when it opened it before.
   *
   * @throws HoldfastError as {@link SqliteCore.open}.
   */
  open(
    { storeId, keyId, storeKey }: StoreKey,
    create: boolean,
    generation: number | null,
  ): OpenedStore {
    const ownership = this.#ownership;
    if (ownership === null) throw new HoldfastError('HF_INTERNAL', 'The store is not owned.');
    const sealer = createSealer({ engine: nodeEngine, storeKey, keyId, storeId });
    storeKey.fill(0);
    this.#core = new SqliteCore({
      path: this.#dataPath(),
      sealer,
      storeId,
      create,
      ownership,
      // Whoever makes a store runs it; whoever only looks leaves no trace.
      claims: create,
      generation,
    });
    return this.#core.open();
  }

  run(requests: readonly StoreRequest[]): Replies {
    if (this.#core === null) throw new HoldfastError('HF_INTERNAL', 'The store is not open.');
    return this.#core.run(requests);
  }

  /** Closes the data, then gives the folder back. */
  close(): void {
    this.#core?.close();
    this.#core = null;
    this.#ownership?.release();
    this.#ownership = null;
  }

  #dataPath(): string {
    return join(this.#folder, DATA_FILE_NAME);
  }
}
