/**
 * Tells whether an operation has left memory since a moment: a row that was being read meanwhile may
 * be older than what the operation wrote before it left.
 */
export class Departures {
  readonly #watched = new Map<string, Set<{ hasLeft: boolean }>>();

  /** The operation has left memory. */
  note(id: string): void {
    for (const watch of this.#watched.get(id) ?? []) watch.hasLeft = true;
  }

  /** Watches from now until `end()`; `hasLeft()` tells whether it has left meanwhile. */
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
