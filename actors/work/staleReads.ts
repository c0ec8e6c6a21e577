/**
 * Rows that were read too early: a row answered by the store may be older than what its operation wrote before it left
 * memory meanwhile. Taken up from such a row, an operation goes on from where it was, and the store refuses its next
 * write.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import { Slices } from '../platform/slices.ts';
import type { PageRead } from '../upstream/claims.ts';

type Written = Pick<StoredOperation, 'id' | 'revision'>;

/** Knows which operations leave memory while rows are read: one by its id, or a page of them until the last is used. */
export class StaleReadGuard {
  readonly #watched = new Map<string, Set<{ hasLeft: boolean }>>();
  /** The last revision written of what has left memory since each read of a page began, by id. */
  readonly #pages = new Set<Map<string, number>>();

  /** Marks the operation as gone from memory, with this revision written, for all reads under way. */
  note({ id, revision }: Written): void {
    const watches = this.#watched.get(id);
    if (watches !== undefined) for (const watch of watches) watch.hasLeft = true;
    for (const left of this.#pages) left.set(id, revision);
  }

  /** Begins a read of rows that are not known yet, each of which is used later on. */
  page(): PageRead {
    const left = new Map<string, number>();
    this.#pages.add(left);
    return {
      isStale: ({ id, revision }) => revision < (left.get(id) ?? revision),
      end: () => {
        this.#pages.delete(left);
      },
    };
  }

  /**
   * Reads a page of rows and hands each on, in slices, in its order; a row that was read too early goes to `onStale`.
   */
  async each<Page extends { readonly rows: readonly StoredOperation[] }>(
    clock: Clock,
    read: () => Promise<Page>,
    take: (row: StoredOperation) => void,
    onStale: (row: StoredOperation) => void = () => undefined,
  ): Promise<Page> {
    const watch = this.page();
    try {
      const page = await read();
      await Slices.of(clock).each(page.rows, (row) => {
        if (watch.isStale(row)) onStale(row);
        else take(row);
      });
      return page;
    } finally {
      watch.end();
    }
  }

  /** Watches from now until `end()`; `hasLeft()` is true once the operation has left memory meanwhile. */
  watch(id: string): { readonly hasLeft: () => boolean; readonly end: () => void } {
    const watch = { hasLeft: false };
    const watches = this.#watched.get(id) ?? new Set();
    this.#watched.set(id, watches.add(watch));
    return {
      hasLeft: () => watch.hasLeft,
      end: () => {
        watches.delete(watch);
        if (watches.size === 0) this.#watched.delete(id);
      },
    };
  }
}
