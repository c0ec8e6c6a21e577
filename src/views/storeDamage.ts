/**
 * Counts damage in the store's files, for health (PS-3, HM-1).
 *
 * @module
 */

import { type HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';

/** How many times a damaged page or file of the store was found, and when first and last (PS-3, HM-1). */
export interface DamageMet {
  readonly times: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** Counts errors that mean damage to the store's files. */
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

/** Whether an error means a damaged page, or a file that lacks records; a single bad record is quarantined instead. */
function isDamage({ code, path }: HoldfastError): boolean {
  return code === 'HF_STORE_CORRUPT' || (code === 'HF_RECORD_TAMPERED' && path !== undefined);
}
