/**
 * Difference of two sequences, by the shortest edit (Myers, 1986), within a limit of work.
 *
 * @module
 */

/** Stretch of the one that was replaced by a stretch of the other; ends are exclusive, and either may be empty. */
export interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly otherStart: number;
  readonly otherEnd: number;
}

/** Steps of work that are left. */
export interface Allowance {
  left: number;
}

/** Returns the changes in order, no two of which touch; `null` if finding them takes more than is allowed. */
export function hunksBetween(
  one: readonly number[],
  other: readonly number[],
  allowance: Allowance,
): readonly Hunk[] | null {
  let head = 0;
  const shorter = Math.min(one.length, other.length);
  while (head < shorter && one[head] === other[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && one.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
  allowance.left -= head + tail;
  const count = one.length - head - tail;
  const otherCount = other.length - head - tail;
  if (count === 0 || otherCount === 0) {
    if (count === otherCount) return [];
    return [{ start: head, end: head + count, otherStart: head, otherEnd: head + otherCount }];
  }
  const trace: Int32Array[] = [];
  // Furthest place in `one` on each diagonal, which begin at -edits.
  let furthest: Int32Array = Int32Array.of(0);
  for (let edits = 0; ; edits += 1) {
    const next = new Int32Array(edits + 1);
    allowance.left -= edits + 1;
    for (let at = 0; at <= edits; at += 1) {
      const diagonal = 2 * at - edits;
      let x = edits === 0 ? 0 : firstOn(furthest, at, edits);
      let y = x - diagonal;
      while (x < count && y < otherCount && one[head + x] === other[head + y]) {
        x += 1;
        y += 1;
        allowance.left -= 1;
      }
      next[at] = x;
      if (x >= count && y >= otherCount) {
        trace.push(next);
        return walkedBack(trace, { count, otherCount, head });
      }
    }
    if (allowance.left <= 0) return null;
    trace.push(next);
    furthest = next;
  }
}

/** Returns the start on a diagonal: one is left out, or another inserted. */
function firstOn(furthest: Int32Array, at: number, edits: number): number {
  if (isPutIn(furthest, at, edits)) return furthest[at] as number;
  return (furthest[at - 1] as number) + 1;
}

/** Whether the path came from the diagonal above: there is none below, or it had not come as far. */
function isPutIn(furthest: Int32Array, at: number, edits: number): boolean {
  if (at === 0) return true;
  return at < edits && (furthest[at - 1] as number) < (furthest[at] as number);
}

function walkedBack(
  trace: readonly Int32Array[],
  { count, otherCount, head }: { count: number; otherCount: number; head: number },
): readonly Hunk[] {
  const hunks: Hunk[] = [];
  let x = count;
  let y = otherCount;
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const at = (x - y + edits) / 2;
    const furthest = trace[edits - 1] as Int32Array;
    const isNew = isPutIn(furthest, at, edits);
    const fromX = isNew ? (furthest[at] as number) : (furthest[at - 1] as number);
    const fromDiagonal = 2 * (isNew ? at : at - 1) - (edits - 1);
    const fromY = fromX - fromDiagonal;
    const endX = isNew ? fromX : fromX + 1;
    const endY = isNew ? fromY + 1 : fromY;
    const last = hunks.at(-1);
    if (last !== undefined && last.start === head + endX && last.otherStart === head + endY) {
      hunks[hunks.length - 1] = { ...last, start: head + fromX, otherStart: head + fromY };
    } else {
      const one = { start: head + fromX, end: head + endX };
      hunks.push({ ...one, otherStart: head + fromY, otherEnd: head + endY });
    }
    x = fromX;
    y = fromY;
  }
  return hunks.toReversed();
}
