import type { SyncOperationState } from '../machines/syncOperationMachine.ts';

/** States in which something is under way that a stop waits for. */
export const BUSY_STATES: ReadonlySet<SyncOperationState> = new Set([
  'accepting',
  'ordering',
  'attempting',
  'settling',
]);

/** Counts what is under way, and tells when nothing is. */
export class BusyCount {
  #count = 0;
  #waiters: (() => void)[] = [];

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
