/**
 * The one door through which chance enters holdfast: jitter and identifiers.
 *
 * @module
 */

/** A source of randomness. `systemRandom` in `actors/` is the real one; tests use a seeded one. */
export interface Random {
  /** A number drawn uniformly from [0, 1). Not for secrets. */
  next(): number;
  /** A random version-4 UUID, unpredictable in the real implementation. */
  uuid(): string;
}
