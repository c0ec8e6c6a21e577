/**
 * Limits a due time that was kept before the clock was set back.
 *
 * @module
 */

/**
 * A due time that a process finds which does not know how far the clock was set back: what remains is
 * never longer than the whole wait was (docs/decisions/0047).
 *
 * @param lengthMs how long the whole wait was when it began
 */
export function clampDueTime(dueAtMs: number, atMs: number, lengthMs: number): number {
  return Math.min(dueAtMs, atMs + lengthMs);
}
