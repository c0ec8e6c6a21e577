/**
 * Watches from another thread whether the main event loop runs: it is pinged every tenth of a second, and is blocked
 * while it does not answer (CR-1).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

const EVERY_MS = 100;
/** The silence from which the loop counts as blocked: a busy one answers within a few milliseconds. */
const BLOCKED_FROM_MS = 25;
/** The shortest block that is reported. */
const TOLD_FROM_MS = 100;

export class LoopProbe {
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #onBack: (forMs: number) => void;
  /** When the ping that is not answered was sent; `null` for none. */
  #askedAtMs: number | null = null;
  #cancel: () => void = () => undefined;

  constructor(parts: {
    readonly clock: Clock;
    readonly ask: () => void;
    /** Called when the loop runs again, with how long it was blocked. */
    readonly onBack: (forMs: number) => void;
  }) {
    this.#clock = parts.clock;
    this.#ask = parts.ask;
    this.#onBack = parts.onBack;
  }

  /** How long the loop has not answered, in milliseconds; 0 while it runs. */
  get blockedMs(): number {
    if (this.#askedAtMs === null) return 0;
    const silentMs = this.#clock.monotonic() - this.#askedAtMs;
    return silentMs < BLOCKED_FROM_MS ? 0 : Math.round(silentMs);
  }

  start(): void {
    this.#askedAtMs = this.#clock.monotonic();
    this.#ask();
  }

  answered(): void {
    if (this.#askedAtMs === null) return;
    const silentMs = this.#clock.monotonic() - this.#askedAtMs;
    this.#askedAtMs = null;
    if (silentMs >= TOLD_FROM_MS) this.#onBack(Math.round(silentMs));
    this.#cancel = this.#clock.schedule(EVERY_MS, () => {
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }
}
