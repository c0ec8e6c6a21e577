/**
 * The callers that wait for operations: notifies them of changes and of the outcome, once it is
 * durable.
 *
 * @module
 */

import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { callListener } from '../facts/factStream.ts';
import type { OperationView, Outcome } from '../operation/outcome.ts';
import { IdTable } from './idTable.ts';

interface Watcher {
  readonly id: string;
  readonly outcome: Promise<Outcome>;
  readonly settle: (outcome: Outcome) => void;
  readonly abandon: (reason: HoldfastError) => void;
  /** Somebody holds the promise; who that is can't be seen, so only an end takes it away. */
  isAwaited: boolean;
  /** Set with the first of them. */
  listeners: Set<(view: OperationView) => void> | null;
}

function unheard(): void {
  // A caller that asks for the outcome gets it.
}

/**
 * People and code that wait for an operation, whether it is in memory or parked on disk. Only operations that
 * somebody watches take a place here.
 */
export class Watchers {
  #byId = new IdTable<Watcher>();
  readonly #onError: (error: unknown) => void;
  /** How many listen to operations that have not ended. A field: it is read at each transition. */
  listening = 0;
  /** Why nobody is told any more; `null` while somebody may be. */
  #ended: HoldfastError | null = null;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** The outcome, when it comes. */
  outcome(id: string): Promise<Outcome> {
    const watcher = this.#watch(id);
    watcher.isAwaited = true;
    return watcher.outcome;
  }

  /** Tells `listener` of each change of state until the returned function is called. */
  subscribe(id: string, listener: (view: OperationView) => void): () => void {
    const watcher = this.#watch(id);
    const isThere = this.#byId.get(id) === watcher;
    const listeners = watcher.listeners ?? new Set();
    watcher.listeners = listeners;
    if (isThere && !listeners.has(listener)) this.listening += 1;
    listeners.add(listener);
    return () => {
      const isHeard = listeners.delete(listener) && this.#byId.get(id) === watcher;
      if (isHeard) this.listening -= 1;
      if (listeners.size === 0) this.#release(id, watcher);
    };
  }

  /**
   * The operation has ended already: its listeners are not called again. Callers that await it are
   * resolved by `settled`.
   */
  dismissListeners(id: string): void {
    const watcher = this.#byId.get(id);
    if (watcher !== undefined) this.#release(id, watcher);
  }

  /** There is no such operation. Callers that await it are rejected elsewhere. */
  forget(id: string): void {
    this.#remove(this.#byId.get(id));
  }

  has(id: string): boolean {
    return this.#byId.get(id) !== undefined;
  }

  /** Tells who listens that an operation has changed. `view` is asked only where somebody does. */
  changed(id: string, view: () => OperationView): void {
    const listeners = this.#byId.get(id)?.listeners;
    if (listeners === undefined || listeners === null || listeners.size === 0) return;
    const changed = view();
    for (const listener of listeners) callListener(() => listener(changed), this.#onError);
  }

  settled(outcome: Outcome): void {
    this.ended(outcome.operationId)?.(outcome);
  }

  /** Forgets the listeners of an operation that has ended, and gives what settles its outcome; `null` where nobody waits for that. */
  ended(id: string): ((outcome: Outcome) => void) | null {
    const watcher = this.#byId.take(id);
    if (watcher === undefined) return null;
    this.listening -= watcher.listeners?.size ?? 0;
    return watcher.settle;
  }

  /** Rejects those who wait for an outcome that will not come. */
  refused(id: string, reason: HoldfastError): void {
    const watcher = this.#byId.get(id);
    watcher?.abandon(reason);
    this.#remove(watcher);
  }

  /** Nothing ends here any more: rejects every outcome that is waited for, now and later. */
  abandon(reason: HoldfastError): void {
    this.#ended = reason;
    for (const watcher of this.#byId.values()) watcher.abandon(reason);
    this.#byId = new IdTable();
    this.listening = 0;
  }

  #release(id: string, watcher: Watcher): void {
    if (!watcher.isAwaited && this.#byId.get(id) === watcher) this.#remove(watcher);
  }

  #remove(watcher: Watcher | undefined): void {
    if (watcher === undefined) return;
    this.#byId.take(watcher.id);
    this.listening -= watcher.listeners?.size ?? 0;
  }

  #watch(id: string): Watcher {
    let watcher = this.#byId.get(id);
    if (watcher === undefined) {
      let settle: Watcher['settle'] = unheard;
      let abandon: Watcher['abandon'] = unheard;
      const outcome = new Promise<Outcome>((resolve, reject) => {
        settle = resolve;
        abandon = (reason) => {
          // A caller that does not await the outcome must not be brought down by a close.
          outcome.catch(unheard);
          reject(reason);
        };
      });
      watcher = { id, outcome, settle, abandon, isAwaited: false, listeners: null };
      if (this.#ended === null) this.#byId.add(watcher);
      else abandon(this.#ended);
    }
    return watcher;
  }
}
