/**
 * Counts what is under way, so that a stop can wait for it.
 *
 * @module
 */

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
