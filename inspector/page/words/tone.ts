/**
 * How something is, from well to bad.
 *
 * @module
 */

/** `busy`: something is under way. `quiet`: it is nothing to look at. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

const ORDER: readonly Tone[] = ['bad', 'warn', 'busy', 'good', 'quiet'];

/** For a sort with the worst first. */
export function toneRank(tone: Tone): number {
  return ORDER.indexOf(tone);
}
