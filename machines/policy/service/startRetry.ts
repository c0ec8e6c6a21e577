/**
 * When a start that failed is tried again (SV-6): by itself where the cause may pass, as when the
 * owner of the store ends or the disk has room again; else when somebody asks for it.
 *
 * @module
 */

import { type ErrorCode, toPlainError } from '../../vocabulary/errors.ts';

const DELAY_MS_MIN = 250;
/** A store that its owner gives back is taken over within this time. */
const DELAY_MS_MAX = 5_000;

/** A start that failed, and what becomes of it. */
export interface FailedStart {
  readonly code: ErrorCode;
  /** Whether the cause may pass without anybody changing the program or its options. */
  readonly mayPass: boolean;
  /** How many failed one after the other, this one included. */
  readonly inARow: number;
  /** False where the one before failed in the same way. */
  readonly isNews: boolean;
  /** When it is tried again; `null` while that is not decided, and where it is tried on demand only. */
  readonly dueAtMs: number | null;
}

export function noteFailedStart(before: FailedStart | null, error: unknown): FailedStart {
  const { code, retry } = toPlainError(error);
  return {
    code,
    mayPass: retry !== 'never',
    inARow: (before?.inARow ?? 0) + 1,
    isNews: before?.code !== code,
    dueAtMs: null,
  };
}

/** Longer and longer waits, up to a few seconds: a look costs little, and nothing runs before it. */
export function planStart(failed: FailedStart, atMs: number): FailedStart {
  const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(failed.inARow - 1, 10));
  return { ...failed, dueAtMs: atMs + delayMs };
}
