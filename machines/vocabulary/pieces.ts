/**
 * Work in pieces of a millisecond or two, between which others have their turn (CR-1). What a piece is, is counted and
 * not timed: it is the same on every machine, and in every test.
 *
 * @module
 */

/** Yields when a piece is done; what it returns comes of all of them. */
export type Pieces<Result> = Generator<undefined, Result, undefined>;

/** A value looked at is a step, and so are this many characters. */
export const CHARACTERS_OF_A_STEP = 32;
/** So many steps are a piece. */
const STEPS_OF_A_PIECE = 512;

/** Counts steps of work, and says when a piece is full. */
export class Work {
  #left = STEPS_OF_A_PIECE;

  /** Counts these; true where the piece is full with them, and another begins. */
  isDue(steps = 1): boolean {
    this.#left -= steps;
    if (this.#left > 0) return false;
    this.#left = STEPS_OF_A_PIECE;
    return true;
  }
}

/** How many steps it is to look through a text. */
export function stepsOf(text: string): number {
  return 1 + text.length / CHARACTERS_OF_A_STEP;
}

/** Does all of them now. */
export function atOnce<Result>(pieces: Pieces<Result>): Result {
  for (;;) {
    const piece = pieces.next();
    if (piece.done === true) return piece.value;
  }
}

/** So many are put in order natively. */
const RUN = 256;

/** The items in order, as `toSorted` has them. */
export function* sortedInPieces<Item>(
  items: readonly Item[],
  compare: (one: Item, other: Item) => number,
  work = new Work(),
): Pieces<readonly Item[]> {
  if (items.length <= RUN) return items.toSorted(compare);
  let runs: (readonly Item[])[] = [];
  for (let at = 0; at < items.length; at += RUN) {
    runs.push(items.slice(at, at + RUN).toSorted(compare));
    if (work.isDue(RUN)) yield;
  }
  while (runs.length > 1) {
    const longer: (readonly Item[])[] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const [one = [], other = []] = [runs[at], runs[at + 1]];
      const both: Item[] = [];
      let next = 0;
      for (const item of one) {
        while (next < other.length && compare(other[next] as Item, item) < 0) {
          both.push(other[next] as Item);
          next += 1;
        }
        both.push(item);
        if (work.isDue()) yield;
      }
      for (; next < other.length; next += 1) {
        both.push(other[next] as Item);
        if (work.isDue()) yield;
      }
      longer.push(both);
    }
    runs = longer;
  }
  return runs[0] ?? [];
}
