/**
 * Detects whether an operation left memory while its row was being read, so that a stale row is not used.
 *
 * @module
 */

/**
 * A row that is read while its operation leaves memory may be older than what the operation wrote
 * before it left. A reader watches the id for the length of its read.
 */
export class StaleReadGuard {
  readonly #watched = new Map<string, Set<{ hasLeft: boolean }>>();

  /** Marks the operation as gone from memory for all reads of its row under way. */
  note(id: string): void {
    for (const watch of this.#watched.get(id) ?? []) watch.hasLeft = true;
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
