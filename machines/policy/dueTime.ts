/**
 * An absolute due time after the clock was set back: what remains is never longer than the whole
 * wait was, so a clock that jumps cannot park anything for years.
 *
 * @param lengthMs how long the whole wait was when it began
 */
export function clampDueTime(dueAtMs: number, atMs: number, lengthMs: number): number {
  return Math.min(dueAtMs, atMs + lengthMs);
}
