/**
 * What becomes of crises whose request breaks a rule: each is told of, and counted (CR-4). Without a
 * word of what it holds, and without its subject (SE-5).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** So long after the last one health names it; the counts stay. */
const NAMED_MS = 3_600_000;

export class CrisisReport {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #refused = 0;
  #mended = 0;
  #refusedUntilMs = 0;
  #mendedUntilMs = 0;

  constructor(parts: { readonly clock: Clock; readonly onError: (error: unknown) => void }) {
    this.#clock = parts.clock;
    this.#onError = parts.onError;
  }

  /** Answered and not delivered, since the process started. */
  get refused(): number {
    return this.#refused;
  }

  /** Delivered without what broke a rule, since the process started. */
  get mended(): number {
    return this.#mended;
  }

  /** Whether one was refused not long ago. */
  get isRefusing(): boolean {
    return this.#clock.monotonic() < this.#refusedUntilMs;
  }

  /** Whether one was mended not long ago. */
  get isMending(): boolean {
    return this.#clock.monotonic() < this.#mendedUntilMs;
  }

  /** It was answered, and is neither stored nor delivered. */
  refuse(cause: HoldfastError): void {
    this.#refused += 1;
    this.#refusedUntilMs = this.#clock.monotonic() + NAMED_MS;
    this.#onError(
      new HoldfastError(
        'HF_CRISIS_REFUSED',
        `A crisis was answered, and is neither stored nor delivered: ${cause.code}${cause.field === undefined ? '' : ` (${cause.field})`}. Somebody has to look after the person, and the app has to be corrected.`,
        { field: cause.field, cause, withStack: false },
      ),
    );
  }

  /** It goes on without what is named in `leftOut`. */
  mend(leftOut: readonly string[]): void {
    if (leftOut.length === 0) return;
    this.#mended += 1;
    this.#mendedUntilMs = this.#clock.monotonic() + NAMED_MS;
    this.#onError(
      new HoldfastError(
        'HF_CRISIS_MENDED',
        `A crisis is delivered without what breaks a rule of requests: ${leftOut.join(', ')}. Correct the app that sends it.`,
        { withStack: false },
      ),
    );
  }
}
