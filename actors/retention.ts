import type { Clock } from '../machines/vocabulary/clock.ts';
import type { Store } from '../persistence/store.ts';
import type { TimerService } from './timerService.ts';

/** A few milliseconds of the writer's time. */
const ROWS_AT_ONCE = 100;
/** After each batch it rests so many times as long as that took, so that work has the rest. */
const REST_FACTOR = 4;
const REST_MS_MIN = 20;
/** A start has other things to do first. */
const FIRST_AFTER_MS = 10_000;
const LOOK_AGAIN_MS = 3_600_000;
const RETRY_MS = 60_000;

export interface RetentionParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: TimerService;
  /** Removes what else in the store's folder was kept long enough. */
  readonly tidy: (nowMs: number) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Purges what has settled and was kept long enough, at its leisure (PS-5). */
export class Retention {
  readonly #parts: RetentionParts;
  #isStopped = false;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#plan(FIRST_AFTER_MS);
  }

  /** For good: a recovery that outlives the stop starts it no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  #plan(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#parts.timers.after(delayMs, () => {
      void this.#purge();
    });
  }

  async #purge(): Promise<void> {
    const { store, clock, tidy, onError } = this.#parts;
    const nowMs = clock.now();
    const startedAtMs = clock.monotonic();
    try {
      const limit = ROWS_AT_ONCE;
      const [result] = await store.commit([{ kind: 'purgeSettled', nowMs, limit }]);
      const tookMs = clock.monotonic() - startedAtMs;
      const purged = result?.kind === 'purgedSettled' ? result : { count: 0, nextDueAtMs: null };
      if (purged.count === limit) {
        this.#plan(Math.max(REST_MS_MIN, tookMs * REST_FACTOR));
        return;
      }
      const nextInMs = (purged.nextDueAtMs ?? Number.POSITIVE_INFINITY) - clock.now();
      this.#plan(Math.min(Math.max(nextInMs, FIRST_AFTER_MS), LOOK_AGAIN_MS));
      await tidy(nowMs);
    } catch (error) {
      onError(error);
      this.#plan(RETRY_MS);
    }
  }
}
