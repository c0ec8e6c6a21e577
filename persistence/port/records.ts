/**
 * The records of operations and named components: what any engine needs of a store, whichever way it decides what runs
 * next.
 *
 * @module
 */

import type { Standing, StoredOperation } from './storedOperation.ts';
import type { AcceptWrite, Write, WriteResult } from './writes.ts';

export interface RecordStore {
  /** The next acceptance number; larger than any in the store. */
  nextSeq(): number;
  /**
   * Performs the writes, all or none, and resolves once they are synced to disk, with a result for
   * each in order. A rejection means that they may or may not be on disk: after it the caller
   * decides, once the store answers again, which to repeat and which to withdraw.
   */
  commit(writes: readonly Write[]): Promise<readonly WriteResult[]>;
  /**
   * Keeps an acceptance beside the database, which {@link commit} can't write to for now; resolves once it is synced
   * (CR-4). It still has to be committed: the next {@link Store.open} does so for what was not.
   */
  spill(write: AcceptWrite): Promise<void>;
  /** One operation with its payload, by its id; `null` when there is none. */
  find(id: string): Promise<StoredOperation | null>;
  /**
   * The operations that occupy a lane or wait in it, in the order of the lane, with payloads; a short page means that
   * there are no more. What can't be opened is left out.
   */
  lane(query: {
    /** The lane, as in {@link AcceptWrite.lane}. */
    readonly lane: string;
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly StoredOperation[]>;
  /** Operations in order of acceptance, without payloads. */
  list(query: {
    readonly afterSeq: number;
    readonly limit: number;
    readonly standing?: Standing | undefined;
  }): Promise<readonly StoredOperation[]>;
}
