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
import { SILENT_MAX_MS } from '../operation/handler.ts';
import type { TimerService } from '../platform/timerService.ts';

/** The two clocks may drift apart by so much between two looks. */
const TOLERANCE_MS = 60_000;

/** The wall clock was set forward by so much; `atMs` is what it showed then. */
interface Jump {
  readonly byMs: number;
  readonly atMs: number;
}

/**
 * The time by which spans that were kept are over: the wall clock, less what it was set forward by within the span.
 * A machine that slept looks the same, so what is kept there may stay for longer by that. What is set while no
 * process runs counts as time that has passed.
 */
class WallJumps {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #spanMaxMs: number;
  readonly #keep: (state: string) => void;
  #jumps: readonly Jump[] = [];
  #wallMs: number;
  #monotonicMs: number;

  /**
   * @param spanMaxMs the longest span that is asked for
   * @param keep keeps the state that the next process gives to {@link resume}
   */
  constructor(
    clock: Pick<Clock, 'now' | 'monotonic'>,
    spanMaxMs: number,
    keep: (state: string) => void,
  ) {
    this.#clock = clock;
    this.#spanMaxMs = spanMaxMs;
    this.#keep = keep;
    this.#wallMs = clock.now();
    this.#monotonicMs = clock.monotonic();
  }

  /** The store is open: goes on from what an earlier process kept. */
  resume(state: string | undefined): void {
    const kept = (state ?? '').split(' ').map((jump) => {
      const [byMs = Number.NaN, atMs = Number.NaN] = jump.split('@').map(Number);
      return { byMs, atMs };
    });
    const known = kept.filter(({ byMs, atMs }) => byMs > 0 && Number.isSafeInteger(atMs));
    this.#jumps = [...known, ...this.#jumps];
  }

  /** What was to be kept until this time, for so long, has been. */
  keptUntil(spanMs: number): number {
    this.#look();
    const wallMs = this.#wallMs;
    const within = this.#jumps.filter(({ atMs }) => wallMs < atMs + spanMs);
    return wallMs - within.reduce((sum, { byMs }) => sum + byMs, 0);
  }

  #look(): void {
    const [wallMs, monotonicMs] = [this.#clock.now(), this.#clock.monotonic()];
    const setMs = Math.round(wallMs - this.#wallMs - (monotonicMs - this.#monotonicMs));
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    if (Math.abs(setMs) < TOLERANCE_MS) return;
    // The jumps before it are as long ago as they were.
    const moved = this.#jumps.map(({ byMs, atMs }) => ({ byMs, atMs: atMs + setMs }));
    const all = setMs > 0 ? [...moved, { byMs: setMs, atMs: wallMs }] : setBack(moved, -setMs);
    this.#jumps = all.filter(({ atMs }) => wallMs < atMs + this.#spanMaxMs);
    this.#keep(this.#jumps.map(({ byMs, atMs }) => `${byMs}@${atMs}`).join(' '));
  }
}

/** A clock that is set back takes from the latest jumps. */
function setBack(jumps: readonly Jump[], backMs: number): readonly Jump[] {
  let leftMs = backMs;
  const less = jumps.toReversed().map(({ byMs, atMs }) => {
    const takenMs = Math.min(leftMs, byMs);
    leftMs -= takenMs;
    return { byMs: byMs - takenMs, atMs };
  });
  return less.toReversed().filter(({ byMs }) => byMs > 0);
}

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
  readonly store: Pick<RecordStore, 'commit'>;
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
