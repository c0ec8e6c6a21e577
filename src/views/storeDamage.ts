/**
 * Counts damage to the store's files that was met, for health (PS-3, HM-1).
 *
 * @module
 */

import { type HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';

/** How often a damaged page or file of the store was met, and when first and last (PS-3, HM-1). */
export interface DamageMet {
  readonly times: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** Counts what is told of damage to the store's files, so that health can say so. */
export class StoreDamage {
  #met: DamageMet | null = null;

  get met(): DamageMet | null {
    return this.#met;
  }

  note(error: unknown, atMs: number): void {
    if (!isHoldfastError(error) || !isDamage(error)) return;
    this.#met = {
      times: (this.#met?.times ?? 0) + 1,
      firstAtMs: this.#met?.firstAtMs ?? atMs,
      lastAtMs: atMs,
    };
  }
}

/** A damaged page, or a file in which records are no longer found; one record alone is quarantined instead. */
function isDamage({ code, path }: HoldfastError): boolean {
  return code === 'HF_STORE_CORRUPT' || (code === 'HF_RECORD_TAMPERED' && path !== undefined);
}
