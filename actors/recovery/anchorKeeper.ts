/**
 * Compares a store with its anchor at the start, and keeps the anchor up to date from then on (SE-6): a small record of
 * the last commit, in a place where nobody who can write the store's folder can write.
 *
 * No acceptance, answer or crisis waits for it. Ordinary work that waits begins once the store was compared, 30 s after
 * the start at the latest. The record follows the commits within {@link LAG_MS}, and those beside the journal within
 * {@link LOOK_MS}: a folder that is put back from a copy that is no older is not noticed.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import {
  type AnchorStore,
  type AnchorVerdict,
  anchorError,
} from '../../persistence/port/anchor.ts';
import type { RecordStore } from '../../persistence/port/store.ts';
import { inTime } from '../platform/inPieces.ts';
import type { TimerService } from '../platform/timerService.ts';
import { notConnected } from '../platform/wires.ts';

/**
 * The place of a store's anchor. What is kept there is a line of text of some 150 characters, without anything of a
 * person or of the key. Each call is given up after 10 s, and tried again.
 */
export interface AnchorSource {
  /** Resolves to what was written last; `null` where nothing was. */
  read(signal: AbortSignal): Promise<string | null>;
  /** Replaces what is there; resolves once it is kept. */
  write(record: string, signal: AbortSignal): Promise<void>;
}

/** The anchor of a store, as health shows it. Instants are milliseconds since the epoch. */
export interface AnchorHealth {
  /**
   * `notCompared`: the store is not open yet, or is held for another reason. `beingCompared`: ordinary work waits for the
   * comparison. `kept`: all is well. `unreachable`: it can't be read or written, and is tried again. `refused`: what is
   * there is not of this store, and is left there. `behind`: the store is held.
   */
  readonly state: 'notCompared' | 'beingCompared' | 'kept' | 'unreachable' | 'refused' | 'behind';
  readonly sinceAtMs: number;
  /** When it was written last; `null` before the first time since the start. */
  readonly keptAtMs: number | null;
  /** The code of what was told last; `null` where there was nothing to tell. */
  readonly code: ErrorCode | null;
}

/** Longest that ordinary work waits for the comparison. */
export const COMPARED_WITHIN_MS = 30_000;
/** Longest that a commit is not in the anchor, where its place answers. */
const LAG_MS = 10_000;
/** Pause between looks for what is committed beside the journal, as a purge and a decision about a conflict are. */
const LOOK_MS = 60_000;
const CALL_MS_MAX = 10_000;
/** The last write is part of the stop, and the stop is not to wait for a place that does not answer. */
const LAST_WRITE_MS_MAX = 2_000;
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 60_000;

export interface AnchorKeeperParts {
  /** `null` where no anchor is kept. */
  readonly source: AnchorSource | null;
  readonly store: AnchorStore & Pick<RecordStore, 'commit'>;
  readonly clock: Clock;
  readonly timers: Pick<TimerService, 'after'>;
  readonly onError: (error: unknown) => void;
}

export class AnchorKeeper {
  /** Called where the comparison comes after ordinary work has begun, and the store is behind. */
  onBehind: () => void = notConnected;
  readonly #parts: AnchorKeeperParts;
  #state: AnchorHealth['state'] = 'notCompared';
  #sinceAtMs: number;
  #keptAtMs: number | null = null;
  #code: ErrorCode | null = null;
  /** The record that was written last. */
  #written: string | null = null;
  /** The number of the commit that was found. */
  #found: number | null = null;
  /** The mark of the store says that it was compared, and that its anchor is kept. */
  #isCompared = false;
  #isKept = false;
  #isStopped = false;
  /** Nothing is asked of the place any more. */
  #isOver = false;
  #timer: { readonly dueMs: number; readonly cancel: () => void } | null = null;
  /** End the calls and pauses that are under way. */
  readonly #ends = new Set<() => void>();
  #writing: Promise<void> | null = null;
  readonly #pause = new Pause();

  constructor(parts: AnchorKeeperParts) {
    this.#parts = parts;
    this.#sinceAtMs = parts.clock.now();
  }

  get isGiven(): boolean {
    return this.#parts.source !== null;
  }

  /** Ordinary work waits for the comparison. */
  get isComparing(): boolean {
    return this.#state === 'beingCompared';
  }

  /** `null` where no anchor is kept. */
  get health(): AnchorHealth | null {
    if (!this.isGiven) return null;
    const state = this.#state;
    return { state, sinceAtMs: this.#sinceAtMs, keptAtMs: this.#keptAtMs, code: this.#code };
  }

  /**
   * Compares the store with its anchor, and begins to keep it; resolves within 30 s, to whether the store is behind.
   * Where the comparison takes longer, {@link onBehind} tells of it.
   */
  async compare(): Promise<boolean> {
    this.#changed('beingCompared');
    const comparing = this.#compared();
    const inThatTime = await inTime(this.#parts.clock, comparing, COMPARED_WITHIN_MS);
    if (inThatTime !== null) return inThatTime.value;
    this.#changed('unreachable');
    this.#tell(unreachable('was not compared with the store within 30 s: work goes on'));
    void comparing.then((isBehind) => {
      if (isBehind) this.onBehind();
    });
    return false;
  }

  async #compared(): Promise<boolean> {
    const verdict = await this.#verdict();
    if (verdict === null) return false;
    const error = anchorError(verdict);
    if (error !== null) this.#tell(error);
    switch (verdict.standing) {
      case 'behind':
        this.#changed('behind');
        return true;
      case 'forged':
      case 'ofAnother':
        this.#changed('refused');
        return false;
      default:
        this.#changed('kept');
        this.#writeSoon(0);
        return false;
    }
  }

  /** Compares until it is done; `null` where it was stopped before. */
  async #verdict(): Promise<AnchorVerdict | null> {
    const { source, store } = this.#parts;
    while (!this.#isStopped && source !== null) {
      try {
        const found = await this.#reached(this.#read(source, CALL_MS_MAX));
        const verdict = await store.compareAnchor({ found });
        this.#found = verdict.epoch;
        this.#isKept = verdict.isKept;
        this.#pause.end();
        return verdict;
      } catch {
        // Storage says what is wrong with the disk.
        await this.#sleep(this.#pause.next());
      }
    }
    return null;
  }

  /** Takes note that something was committed: the anchor follows. */
  committed(): void {
    if (this.#state === 'kept') this.#writeSoon(LAG_MS);
  }

  /** The number of the commit that the anchor has; `null` where it is not known, also after a look at it now. */
  async epochFound(): Promise<number | null> {
    const { source, store } = this.#parts;
    if (source === null || this.#found !== null) return this.#found;
    try {
      const found = await this.#read(source, LAST_WRITE_MS_MAX);
      return (await store.compareAnchor({ found })).epoch;
    } catch {
      return null;
    }
  }

  /** A person has let the store go: where it is known to be ahead of its anchor, that follows; else it is compared. */
  released(isAhead: boolean): void {
    if (!this.isGiven) return;
    if (isAhead) {
      this.#changed('kept');
      this.#writeSoon(0);
      return;
    }
    // Work runs: a person has said so.
    this.#changed('notCompared');
    void this.#compared().then((isBehind) => {
      if (isBehind) this.onBehind();
    });
  }

  #writeSoon(afterMs: number): void {
    const { clock, timers } = this.#parts;
    const dueMs = clock.monotonic() + afterMs;
    if (this.#isStopped || (this.#timer !== null && this.#timer.dueMs <= dueMs)) return;
    this.#timer?.cancel();
    const cancel = timers.after(afterMs, () => {
      this.#timer = null;
      void this.#write();
    });
    this.#timer = { dueMs, cancel };
  }

  async #write(): Promise<void> {
    // One at a time, in the order of the commits.
    await this.#writing;
    this.#writing = this.#writeNow();
    await this.#writing;
  }

  async #writeNow(): Promise<void> {
    const { source, store } = this.#parts;
    if (source === null) return;
    try {
      // Before the anchor, which a store that was not compared would be behind of after a kill.
      if (!this.#isCompared) await store.commit([{ kind: 'anchored', isKept: this.#isKept }]);
      this.#isCompared = true;
      await this.#writeLast(source);
      // After it: a kill in between leaves none that is missing.
      if (!this.#isKept) {
        await store.commit([{ kind: 'anchored', isKept: true }]);
        this.#isKept = true;
        if (this.#isStopped) await this.#writeLast(source);
        else this.#writeSoon(LAG_MS);
      }
      this.#pause.end();
      if (this.#state === 'unreachable') {
        // What was committed meanwhile told nobody, and a write that was given up may come late.
        this.#written = null;
        this.#writeSoon(LAG_MS);
        this.#changed('kept');
      }
      this.#writeSoon(LOOK_MS);
    } catch {
      // Storage says what is wrong with the disk.
      this.#writeSoon(this.#pause.next());
    }
  }

  /** Writes the last commit, unless it is there. */
  async #writeLast(source: AnchorSource): Promise<void> {
    const { store, clock } = this.#parts;
    const record = await store.anchorRecord();
    if (record === this.#written) return;
    await this.#reached(this.#call((signal) => source.write(record, signal), CALL_MS_MAX));
    this.#written = record;
    this.#keptAtMs = clock.now();
  }

  /** Writes the last commit, where its place answers within 2 s: part of a stop that has the time. */
  async keepLast(): Promise<void> {
    const isToWrite = this.#state === 'kept' || (this.#state === 'unreachable' && this.#isCompared);
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = null;
    if (isToWrite) await inTime(this.#parts.clock, this.#write(), LAST_WRITE_MS_MAX);
    this.#endAll();
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = null;
    this.#endAll();
  }

  #endAll(): void {
    this.#isOver = true;
    for (const end of [...this.#ends]) end();
  }

  async #read(source: AnchorSource, withinMs: number): Promise<string | null> {
    return foundIn(await this.#call((signal) => source.read(signal), withinMs));
  }

  /** Awaits an answer of the place, and tells where none comes. */
  async #reached<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  async #call<T>(call: (signal: AbortSignal) => Promise<T>, withinMs: number): Promise<T> {
    if (this.#isOver) throw unreachable('is not asked: the runtime stops');
    return await answerOf(call, this.#parts.clock, withinMs, this.#ends);
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((go) => {
      const cancel = this.#parts.timers.after(ms, () => {
        this.#ends.delete(end);
        go();
      });
      const end = (): void => {
        cancel();
        this.#ends.delete(end);
        go();
      };
      this.#ends.add(end);
    });
  }

  /** Tells of the first failure in a row. */
  #failed(error: unknown): void {
    if (this.#isStopped) return;
    const isFirst = this.#pause.isOver;
    if (this.#state !== 'beingCompared') this.#changed('unreachable');
    if (!isFirst) return;
    this.#tell(
      isUnreachable(error) ? error : unreachable("can't be reached, and is tried again", error),
    );
  }

  #changed(to: AnchorHealth['state']): void {
    if (this.#state === to) return;
    this.#state = to;
    this.#sinceAtMs = this.#parts.clock.now();
    if (to === 'kept' && this.#code === 'HF_ANCHOR_UNREACHABLE') this.#code = null;
  }

  #tell(error: HoldfastError): void {
    this.#code = error.code;
    this.#parts.onError(error);
  }
}

/**
 * Compares a store at rest with what lies in the place of its anchor.
 *
 * @throws HoldfastError (rejects) `HF_ANCHOR_UNREACHABLE` where the place can't be read within 10 s; `HF_STORE_…`.
 */
export async function compareAtRest(
  source: AnchorSource,
  store: AnchorStore,
  clock: Clock,
): Promise<AnchorVerdict> {
  const reading = answerOf((signal) => source.read(signal), clock, CALL_MS_MAX, new Set());
  const answer = await reading.catch((error: unknown) => {
    throw isUnreachable(error) ? error : unreachable("can't be read", error);
  });
  return await store.compareAnchor({ found: foundIn(answer) });
}

/** The record in a place; `null` for none. An empty file was made to be written. */
function foundIn(answer: string | null): string | null {
  return typeof answer !== 'string' || answer.trim() === '' ? null : answer;
}

/**
 * The answer of a place, which is given up after a time.
 *
 * @param ends has what gives the call up earlier, while it is under way
 */
async function answerOf<T>(
  call: (signal: AbortSignal) => Promise<T>,
  clock: Clock,
  withinMs: number,
  ends: Set<() => void>,
): Promise<T> {
  const given = new AbortController();
  const answer = call(given.signal);
  return await new Promise<T>((resolve, reject) => {
    const giveUp = (why: string): void => {
      const late = unreachable(why);
      ends.delete(end);
      given.abort(late);
      reject(late);
    };
    const cancel = clock.schedule(withinMs, () => {
      giveUp(`did not answer within ${withinMs / 1_000} s`);
    });
    const end = (): void => {
      cancel();
      giveUp('was not waited for: the runtime stops');
    };
    ends.add(end);
    answer.then(resolve, reject).finally(() => {
      cancel();
      ends.delete(end);
    });
  });
}

/** Pauses between tries, each twice as long as the one before. */
class Pause {
  #ms = 0;

  get isOver(): boolean {
    return this.#ms === 0;
  }

  next(): number {
    this.#ms = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, this.#ms * 2));
    return this.#ms;
  }

  end(): void {
    this.#ms = 0;
  }
}

function unreachable(why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('HF_ANCHOR_UNREACHABLE', `The anchor of the store ${why}.`, {
    retry: 'later',
    cause,
    withStack: false,
  });
}

function isUnreachable(error: unknown): error is HoldfastError {
  return error instanceof HoldfastError && error.code === 'HF_ANCHOR_UNREACHABLE';
}
