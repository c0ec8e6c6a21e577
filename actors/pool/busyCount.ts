/**
 * Counts what is under way, so that a stop can wait for it.
 *
 * @module
 */

import type { SyncOperationState } from '../../machines/operation/syncOperationMachine.ts';

const BUSY_STATES: ReadonlySet<SyncOperationState> = new Set([
  'accepting',
  'ordering',
  'attempting',
  'settling',
]);

/**
 * Whether something is under way in this state that a stop waits for. Before the store is open that is
 * no ending, which may never be written.
 */
export function isBusyIn(state: SyncOperationState, isStoreOpen: boolean): boolean {
  return BUSY_STATES.has(state) && (isStoreOpen || state !== 'settling');
}

/** Counts what is under way, operations and what becomes one, and tells when nothing is. */
export class BusyCount {
  #count = 0;
  #waiters: (() => void)[] = [];

  /** Counts it once, or no more. */
  set(resident: { isBusy: boolean }, isBusy: boolean): void {
    if (isBusy === resident.isBusy) return;
    resident.isBusy = isBusy;
    if (isBusy) this.begin();
    else this.end();
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Resolves once nothing is under way. */
  async whenIdle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
    });
  }
}
