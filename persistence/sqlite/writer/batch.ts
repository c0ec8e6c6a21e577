/**
 * The writes of one request within a transaction that it shares with others.
 *
 * @module
 */

import type { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Write } from '../../port/store.ts';
import { storeFailure } from '../driver/failures.ts';
import type { Reply } from '../protocol/requests.ts';
import { applyWrite } from '../rows/rowWrites.ts';
import type { Tables } from '../rows/tables.ts';

/** One batch of a transaction is at fault, and the others can go on without it. */
export class BatchRefused {
  readonly requestIndex: number;
  readonly error: HoldfastError;

  constructor(requestIndex: number, error: HoldfastError) {
    this.requestIndex = requestIndex;
    this.error = error;
  }
}

/** @throws BatchRefused where it alone is to blame; errors as of {@link storeFailure}. */
export function applyBatch(tables: Tables, writes: readonly Write[], requestIndex: number): Reply {
  try {
    return { value: writes.map((write) => applyWrite(tables, write)) };
  } catch (error) {
    const failure = storeFailure(error, tables.path);
    // A mistake of the caller, or a damaged page that only this batch needs.
    if (failure.code === 'HF_INTERNAL' || failure.code === 'HF_STORE_CORRUPT') {
      throw new BatchRefused(requestIndex, failure);
    }
    throw failure;
  }
}
