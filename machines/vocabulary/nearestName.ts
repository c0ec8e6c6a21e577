/**
 * Finds the known name that a misspelt one was most likely meant to be.
 *
 * @module
 */

/** Names longer than any of ours are not compared, so that the work is bounded. */
const LENGTH_MAX = 40;

/**
 * The known name that a misspelt one was most likely meant to be: the same but for case and dashes,
 * the beginning of one, or at most two letters away. `null` when none is near.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > LENGTH_MAX) return null;
  const given = plain(name);
  let nearest: string | null = null;
  let least = Math.min(3, Math.ceil(given.length / 2));
  for (const candidate of known) {
    const other = plain(candidate);
    const isBeginning = given.length >= 3 && (other.startsWith(given) || given.startsWith(other));
    const distance = isBeginning ? 0.5 : distanceOf(given, other);
    if (given === other) return candidate;
    if (distance < least) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]/g, '');
}

/** Letters to add, drop, change or swap with the next (optimal string alignment). */
function distanceOf(one: string, other: string): number {
  let before: number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      line[column] = Math.min(
        (above[column] ?? 0) + 1,
        (line[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = above;
    above = line;
  }
  return above[other.length] ?? 0;
}
