/**
 * Purges settled operations and kept records whose retention is over, in batches beside the work (PS-5).
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type {
  PurgeKeptWrite,
  PurgeSettledWrite,
  RecordStore,
  Write,
} from '../../persistence/port/store.ts';
import { SILENT_MAX_MS } from '../attempt/conflictRules.ts';
import type { TimerService } from '../time/timerService.ts';
import { WallJumps } from './wallJumps.ts';

/** A few milliseconds of the writer's time. */
const ROWS_AT_ONCE_MIN = 100;
/** Some 50 milliseconds of it: taken only where less does not keep up. */
const ROWS_AT_ONCE_MAX = 1_600;
/**
 * After each batch it rests so many times as long as that took, so that work has the rest; on a disk
 * so slow that this would be long, most of what it took was waiting.
 */
const REST_FACTOR = 4;
const REST_MS_MIN = 20;
const REST_MS_MAX = 1_000;
/** Once nothing is overdue it waits at least so long for the next. */
const LOOK_MS_MIN = 1_000;
/** A start has other things to do first. */
const FIRST_AFTER_MS = 10_000;
const LOOK_AGAIN_MS = 3_600_000;
const RETRY_MS = 60_000;

export interface RetentionParts {
  readonly store: RecordStore;
  readonly clock: Clock;
  readonly timers: TimerService;
  /** How long what has settled is kept. */
  readonly retentionMs: number;
  /** Keeps the state that the next process gives to {@link Retention.resume}. */
  readonly keep: (state: string) => void;
  /** Removes what else in the store's folder was kept long enough. */
  readonly tidy: (nowMs: number) => Promise<void>;
  /** Has what was purged leave the disk. */
  readonly onCommitted: (writes: readonly Write[]) => void;
  readonly onError: (error: unknown) => void;
}

/** Purges settled rows, and kept records, that were kept long enough, in the background (PS-5). */
export class Retention {
  readonly #parts: RetentionParts;
  #isStopped = false;
  /** Doubled for as long as more is overdue than one batch takes away, since then it falls behind. */
  #rowsAtOnce = ROWS_AT_ONCE_MIN;
  #cancelTimer: (() => void) | null = null;
  readonly #jumps: WallJumps;
  /** How long what it purges was to be kept, at most. */
  readonly #spansMs: Readonly<Record<PurgeKind, number>>;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    const { clock, retentionMs, keep } = parts;
    // Records of entities are kept for as long as a device may be silent.
    const keptMs = Math.max(retentionMs, SILENT_MAX_MS);
    this.#spansMs = { purgeSettled: retentionMs, purgeKept: keptMs };
    this.#jumps = new WallJumps(clock, keptMs, keep);
  }

  /** The store is open: what an earlier process knew of settings of the clock. */
  resume(state: string | undefined): void {
    this.#jumps.resume(state);
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
    const { clock, tidy, onError } = this.#parts;
    const startedAtMs = clock.monotonic();
    const limit = this.#rowsAtOnce;
    let dueInMs = Number.POSITIVE_INFINITY;
    let isBehind = false;
    let hasFailed = false;
    for (const kind of ['purgeSettled', 'purgeKept'] as const) {
      const nowMs = this.#jumps.keptUntil(this.#spansMs[kind]);
      try {
        const { count, nextDueAtMs } = await this.#purgeOne({ kind, nowMs, limit });
        isBehind ||= count === limit;
        dueInMs = Math.min(dueInMs, (nextDueAtMs ?? Number.POSITIVE_INFINITY) - nowMs);
      } catch (error) {
        onError(error);
        hasFailed = true;
        // A damaged page of one table leaves the other as it is; any other failure is of both.
        if (!isHoldfastError(error) || error.code !== 'HF_STORE_CORRUPT') break;
      }
    }
    const tookMs = clock.monotonic() - startedAtMs;
    if (isBehind) {
      this.#rowsAtOnce = Math.min(ROWS_AT_ONCE_MAX, limit * 2);
      this.#plan(Math.min(REST_MS_MAX, Math.max(REST_MS_MIN, tookMs * REST_FACTOR)));
      return;
    }
    if (hasFailed) {
      this.#plan(RETRY_MS);
      return;
    }
    this.#rowsAtOnce = Math.max(ROWS_AT_ONCE_MIN, limit / 2);
    this.#plan(Math.min(Math.max(dueInMs - tookMs, LOOK_MS_MIN), LOOK_AGAIN_MS));
    await tidy(this.#jumps.keptUntil(this.#spansMs.purgeKept)).catch(onError);
  }

  async #purgeOne(purge: PurgeSettledWrite | PurgeKeptWrite): Promise<Purged> {
    const { store, onCommitted } = this.#parts;
    const [result] = await store.commit([purge]);
    const isPurged = result?.kind === 'purgedSettled' || result?.kind === 'purgedKept';
    const purged = isPurged ? result : { count: 0, nextDueAtMs: null };
    if (purged.count > 0) onCommitted([purge]);
    return purged;
  }
}

type PurgeKind = (PurgeSettledWrite | PurgeKeptWrite)['kind'];

interface Purged {
  readonly count: number;
  readonly nextDueAtMs: number | null;
}
