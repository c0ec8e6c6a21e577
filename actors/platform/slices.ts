/**
 * Works through what has come all at once in slices, so that a person who asks for help meanwhile is answered
 * between two of them (CR-1).
 *
 * Whatever may come by the thousand in one turn of the event loop goes through here: attempts that end, timers
 * that come due, writes that are durable, crises that an upstream comes back for, facts, rows of a start. As
 * long as a turn has time left, it is done where it comes; what is left then waits for the turns that follow,
 * each of which does a slice of it and lets sockets and timers have theirs.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Pieces } from '../../machines/vocabulary/pieces.ts';

type TurnClock = Pick<Clock, 'monotonic' | 'defer'>;

/** Does its next piece, which takes well below a millisecond; false where nothing is left. Must not throw. */
export type Source = () => boolean;

/**
 * Rank of work: `asked` is the delivery of a crisis that has just been answered, `told` is a fact for who
 * listens, `others` is all the rest, whose sources take turns.
 */
type Rank = 'asked' | 'told' | 'others';

/** So much of a turn, in milliseconds. */
const SLICE_MS = 2;
/** What is not `asked` has so much of each turn, even while people ask. */
const LEAST_MS = 1;

/** So many pieces a turn does where they come, without being measured. */
const UNMEASURED_MAX = 16;

/** One for each clock: all runtimes of a process share one event loop, and so its turns. */
const known = new WeakMap<TurnClock, Slices>();

export class Slices {
  /** Deliveries of crises that have just been answered. */
  readonly asked: Line;
  /** Calls of their handlers, the first of each crisis and those that repeat it. */
  readonly calls: Line;
  readonly repeats: Line;
  /** Attempts that have ended. */
  readonly ends: Line;
  /** Crises that go on, since their upstream is back or there is a handler. */
  readonly wakes: Line;
  readonly #clock: TurnClock;
  readonly #sources: Readonly<Record<Rank, Set<Source>>> = {
    asked: new Set(),
    told: new Set(),
    others: new Set(),
  };
  /** How much of this turn was used. */
  #spentMs = 0;
  /** Pieces that this turn did unmeasured. */
  #unmeasured = 0;
  /** When the piece under way began; `null` between two. */
  #beganAtMs: number | null = null;
  #isPlanned = false;

  private constructor(clock: TurnClock) {
    this.#clock = clock;
    this.asked = new Line(this, 'asked');
    this.calls = new Line(this, 'asked');
    this.repeats = new Line(this, 'others');
    this.ends = new Line(this, 'others');
    this.wakes = new Line(this, 'others');
  }

  static of(clock: TurnClock): Slices {
    const found = known.get(clock) ?? new Slices(clock);
    known.set(clock, found);
    return found;
  }

  /**
   * Works through it from now on: at once while this turn has time, and of the `others` where none waits.
   *
   * @param nowMs what the clock reads, where the caller has just read it
   */
  work(source: Source, rank: Rank = 'others', nowMs?: number): void {
    const sources = this.#sources[rank];
    if (sources.has(source)) return;
    if (rank === 'others' && sources.size > 0) sources.add(source);
    else {
      this.#measure((spentMs) => {
        for (let usedMs = spentMs; usedMs < SLICE_MS; usedMs = this.#usedMs) {
          if (!doPiece(source, sources)) return;
        }
        sources.add(source);
      }, nowMs);
    }
    this.#plan();
  }

  /** The same, from the next turn on. */
  workLater(source: Source, rank: Rank = 'others'): void {
    this.#sources[rank].add(source);
    this.#plan();
  }

  /**
   * True for the first pieces of a turn, which are done where they come, whatever waits: a few take well below a slice,
   * and to measure each would cost as much as some of them.
   */
  isOneOfFew(): boolean {
    if (this.#unmeasured === UNMEASURED_MAX) return false;
    this.#unmeasured += 1;
    if (!this.#isPlanned) this.#plan();
    return true;
  }

  /** Takes each of them, in order; resolves once the last was taken, and rejects with what `take` throws. */
  async each<Item>(items: readonly Item[], take: (item: Item) => void): Promise<void> {
    if (items.length === 0) return;
    await this.done(taking(items, take));
  }

  /** Does work that is in pieces: now, while this turn has time, then in the turns that follow; rejects with what it throws. */
  async done<Result>(pieces: Pieces<Result>): Promise<Result> {
    return await this.#through(pieces, (source) => {
      this.work(source);
    });
  }

  /** Does what {@link done} does, for work that is mostly over with its first piece: that is done now, whatever waits. */
  async mostly<Result>(pieces: Pieces<Result>): Promise<Result> {
    const { done, value } = pieces.next();
    return done === true ? value : await this.pieces(pieces);
  }

  /** Goes on with work that is in pieces already, from the next turn on; rejects with what it throws. */
  async pieces<Result>(pieces: Pieces<Result>): Promise<Result> {
    return await this.#through(pieces, (source) => {
      this.workLater(source);
    });
  }

  async #through<Result>(
    pieces: Iterator<undefined, Result>,
    begin: (source: Source) => void,
  ): Promise<Result> {
    return await new Promise<Result>((resolve, reject) => {
      begin(() => {
        try {
          const { done, value } = pieces.next();
          if (done === true) resolve(value);
          return done !== true;
        } catch (error) {
          reject(error);
          return false;
        }
      });
    });
  }

  get #usedMs(): number {
    const runsMs = this.#beganAtMs === null ? 0 : this.#clock.monotonic() - this.#beganAtMs;
    return this.#spentMs + runsMs;
  }

  #measure(go: (usedMs: number) => void, nowMs?: number): void {
    // What is done within a piece is part of it.
    if (this.#beganAtMs !== null) {
      go(this.#usedMs);
      return;
    }
    this.#beganAtMs = nowMs ?? this.#clock.monotonic();
    try {
      go(this.#spentMs);
    } finally {
      this.#spentMs = this.#usedMs;
      this.#beganAtMs = null;
    }
  }

  /** The turn ends with a slice of what waits; only then is the next turn's time to be had. */
  #plan(): void {
    const isUsed = this.#spentMs > 0 || this.#unmeasured > 0;
    if (this.#isPlanned || (!isUsed && !this.#isWaiting)) return;
    this.#isPlanned = true;
    this.#clock.defer(this.#slice);
  }

  get #isWaiting(): boolean {
    const { asked, told, others } = this.#sources;
    return asked.size + told.size + others.size > 0;
  }

  readonly #slice = (): void => {
    this.#isPlanned = false;
    try {
      this.#measure((usedMs) => {
        const { asked, told, others } = this.#sources;
        if (usedMs < SLICE_MS) this.#pass(asked, SLICE_MS);
        const upToMs = Math.max(SLICE_MS, this.#usedMs + LEAST_MS);
        this.#pass(told, upToMs);
        this.#pass(others, upToMs);
      });
    } finally {
      this.#spentMs = 0;
      this.#unmeasured = 0;
      this.#plan();
    }
  };

  /** A piece of each in turn, one at least. */
  #pass(sources: Set<Source>, upToMs: number): void {
    const untilMs = (this.#beganAtMs ?? 0) - this.#spentMs + upToMs;
    for (const source of sources) {
      doPiece(source, sources);
      if (this.#clock.monotonic() >= untilMs) return;
    }
  }
}

function* taking<Item>(items: readonly Item[], take: (item: Item) => void): Pieces<void> {
  for (const item of items) {
    take(item);
    yield;
  }
}

/** Where more of it is left it is among them afterwards, behind the others. */
function doPiece(source: Source, sources: Set<Source>): boolean {
  // It may also come again by itself while it runs.
  sources.delete(source);
  let isMore = true;
  try {
    isMore = source();
  } finally {
    if (isMore) sources.add(source);
  }
  return isMore;
}

/** Pieces of one kind, done in the order in which they came. */
export class Line {
  readonly #slices: Slices;
  readonly #rank: Rank;
  #pieces: (() => void)[] = [];
  #done = 0;
  #isRunning = false;

  constructor(slices: Slices, rank: Rank) {
    this.#slices = slices;
    this.#rank = rank;
  }

  /**
   * Does it now, where this turn has time and nothing of the line waits; else in a later turn.
   *
   * @param nowMs what the clock reads, where the caller has just read it
   */
  do(piece: () => void, nowMs?: number): void {
    const isFirst = this.#pieces.length === 0 && !this.#isRunning;
    this.#pieces.push(piece);
    if (isFirst) this.#slices.work(this.#next, this.#rank, nowMs);
  }

  /** Does it in a later turn. */
  later(piece: () => void): void {
    this.#pieces.push(piece);
    if (!this.#isRunning) this.#slices.workLater(this.#next, this.#rank);
  }

  readonly #next = (): boolean => {
    const piece = this.#pieces[this.#done];
    this.#done += 1;
    this.#isRunning = true;
    try {
      piece?.();
    } finally {
      this.#isRunning = false;
      if (this.#done >= this.#pieces.length) {
        this.#pieces = [];
        this.#done = 0;
      }
    }
    return this.#pieces.length > 0;
  };
}
