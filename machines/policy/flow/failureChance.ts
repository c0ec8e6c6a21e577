/**
 * How seldom chance alone makes so many calls fail (CB-1, DG-3).
 *
 * @module
 */

/** The logarithm of a bound (Chernoff's) of the chance that `count` of `all` or more fail: 0 where it is nothing. */
export function logChanceOf(count: number, all: number, share: number): number {
  const part = Math.min(1, count / Math.max(1, all));
  if (part <= share) return 0;
  const rest = part < 1 ? (1 - part) * Math.log((1 - part) / (1 - share)) : 0;
  return -Math.max(count, all) * (part * Math.log(part / share) + rest);
}
