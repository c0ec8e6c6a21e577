/**
 * Work in pieces of a few milliseconds, between which others have their turn (CR-1).
 *
 * @module
 */

/** Yields when a piece is done; what it returns comes of all of them. */
export type Pieces<Result> = Generator<undefined, Result, undefined>;
