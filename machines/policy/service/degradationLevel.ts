/**
 * How much of the work may go on (DG-1).
 *
 * @module
 */

/** Every level, best first. A crisis goes on in each of them. */
export const LEVELS = ['normal', 'limited', 'criticalOnly', 'offline'] as const;
export type Level = (typeof LEVELS)[number];

/** True when `level` lets less work go on than `than`. */
export function isWorse(level: Level, than: Level): boolean {
  return LEVELS.indexOf(level) > LEVELS.indexOf(than);
}

/** The worst of several levels; `normal` of none. */
export function worstOf(levels: readonly Level[]): Level {
  return levels.reduce((worst, level) => (isWorse(level, worst) ? level : worst), 'normal');
}
