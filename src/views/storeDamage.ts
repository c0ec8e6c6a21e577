/**
 * Counts what was met of damage to a store's files, and of changes by another hand (PS-3, SE-6, HM-1).
 *
 * @module
 */

import {
  type ErrorCode,
  type HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';

/** How many times damage to the store, or a change by another hand, was found, and when first and last (PS-3, SE-6, HM-1). */
export interface DamageMet {
  readonly times: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** Counts errors that mean damage to the store's files, and those that mean that somebody else has changed them. */
export class StoreDamage {
  #met: DamageMet | null = null;
  #tampering: DamageMet | null = null;

  get met(): DamageMet | null {
    return this.#met;
  }

  /** Records that are missing, or were put back from earlier copies. */
  get tampering(): DamageMet | null {
    return this.#tampering;
  }

  note(error: unknown, atMs: number): void {
    if (!isHoldfastError(error)) return;
    if (isDamage(error)) this.#met = metAgain(this.#met, atMs);
    if (TAMPERING.has(error.code)) this.#tampering = metAgain(this.#tampering, atMs);
  }
}

const TAMPERING: ReadonlySet<ErrorCode> = new Set(['HF_RECORD_MISSING', 'HF_RECORD_STALE']);

function metAgain(before: DamageMet | null, atMs: number): DamageMet {
  const { times = 0, firstAtMs = atMs } = before ?? {};
  return { times: times + 1, firstAtMs, lastAtMs: atMs };
}

/** Whether an error means a damaged page, or a file that lacks records; a single bad record is quarantined instead. */
function isDamage({ code, path }: HoldfastError): boolean {
  return code === 'HF_STORE_CORRUPT' || (code === 'HF_RECORD_TAMPERED' && path !== undefined);
}
