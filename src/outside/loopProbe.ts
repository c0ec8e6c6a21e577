/**
 * Sees from another thread whether the event loop of the main one runs: a question is put to it every
 * tenth of a second, and as long as there is no answer it is blocked (CR-1).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';

const EVERY_MS = 100;
/** A loop that is busy answers within a few milliseconds. */
const BLOCKED_FROM_MS = 25;
/** What is shorter is not told of. */
const TOLD_FROM_MS = 100;

export class LoopProbe {
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #onBack: (forMs: number) => void;
  /** When the question was put that is not answered; `null` for none. */
  #askedAtMs: number | null = null;
  #cancel: () => void = () => undefined;

  constructor(parts: {
    readonly clock: Clock;
    readonly ask: () => void;
    /** The loop was blocked for so long, and runs again. */
    readonly onBack: (forMs: number) => void;
  }) {
    this.#clock = parts.clock;
    this.#ask = parts.ask;
    this.#onBack = parts.onBack;
  }

  /** For how long there has been no sign of the loop, in milliseconds; 0 while it runs. */
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
