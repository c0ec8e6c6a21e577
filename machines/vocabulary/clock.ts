/**
 * The one door through which time enters holdfast. Charts never see a clock: events carry `atMs`.
 *
 * @module
 */

/** A source of time and wake-ups. `systemClock` in `actors/` is the real one; tests use a virtual one. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump when the system clock is set. */
  now(): number;
  /** Milliseconds that only ever grow, for measuring spans. The origin is arbitrary. */
  monotonic(): number;
  /**
   * Calls `wake` once after at least `delayMs` milliseconds (0 or less: as soon as possible, never
   * synchronously) and returns a function that cancels it. Delays longer than a timer can hold
   * (2^31-1 ms) must be honoured.
   */
  schedule(delayMs: number, wake: () => void): () => void;
  /**
   * Milliseconds, of those that `monotonic()` counts, in which this thread had something to do: it computed, or stood in
   * a call. It tells a machine that slept from an event loop that was blocked; without it both are a blocked loop.
   */
  busy?(): number;
  /** Calls `go` once in a later turn of the event loop, so that what else waits there gets its turn. */
  defer(go: () => void): void;
}

/** A source of randomness. `systemRandom` in `actors/` is the real one; tests use a seeded one. */
export interface Random {
  /** A number drawn uniformly from [0, 1). Not for secrets. */
  next(): number;
  /** A random version-4 UUID, unpredictable in the real implementation. */
  uuid(): string;
}

/**
 * A due time that a process finds which does not know how far the clock was set back: what remains is
 * never longer than the whole wait was (docs/decisions/0047).
 *
 * @param lengthMs how long the whole wait was when it began
 */
export function clampDueTime(dueAtMs: number, atMs: number, lengthMs: number): number {
  return Math.min(dueAtMs, atMs + lengthMs);
}
