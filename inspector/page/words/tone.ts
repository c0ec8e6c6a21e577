/**
 * Tones, from good to bad.
 *
 * @module
 */

/** `busy`: something is under way. `quiet`: nothing to look at. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

const ORDER: readonly Tone[] = ['bad', 'warn', 'busy', 'good', 'quiet'];

/** The rank of a tone in a sort with the worst first. */
export function toneRank(tone: Tone): number {
  return ORDER.indexOf(tone);
}
