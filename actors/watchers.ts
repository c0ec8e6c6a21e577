import type { OperationView, Outcome } from './outcome.ts';

interface Watcher {
  readonly outcome: Promise<Outcome>;
  readonly settle: (outcome: Outcome) => void;
  readonly listeners: Set<(view: OperationView) => void>;
}

/**
 * Who waits for an operation, whether it is in memory or parked on disk. Only operations that
 * somebody watches take a place here.
 */
export class Watchers {
  readonly #byId = new Map<string, Watcher>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** The outcome, when it comes. */
  outcome(id: string): Promise<Outcome> {
    return this.#watch(id).outcome;
  }

  /** Tells `listener` of each change of state until the returned function is called. */
  subscribe(id: string, listener: (view: OperationView) => void): () => void {
    const watcher = this.#watch(id);
    watcher.listeners.add(listener);
    return () => {
      watcher.listeners.delete(listener);
    };
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  changed(view: OperationView): void {
    for (const listener of this.#byId.get(view.id)?.listeners ?? []) {
      try {
        listener(view);
      } catch (error) {
        // A listener is the app's code: what it throws must not reach the operation (SV-2).
        this.#onError(error);
      }
    }
  }

  settled(outcome: Outcome): void {
    this.#byId.get(outcome.operationId)?.settle(outcome);
    this.#byId.delete(outcome.operationId);
  }

  #watch(id: string): Watcher {
    let watcher = this.#byId.get(id);
    if (watcher === undefined) {
      let settle: (outcome: Outcome) => void = () => undefined;
      const outcome = new Promise<Outcome>((resolve) => {
        settle = resolve;
      });
      watcher = { outcome, settle, listeners: new Set() };
      this.#byId.set(id, watcher);
    }
    return watcher;
  }
}
