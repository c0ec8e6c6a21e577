/**
 * How many slots an upstream was found to bear, for the ramp after its next outage (DG-3, PF-6).
 *
 * @module
 */

/** So many windows after an outage slots are right. */
const WINDOWS_TO_SETTLE = 8;

/** The slots that a ramp goes up to, as `ssthresh` is for TCP (RFC 5681 §3.1). */
export class FoundSlots {
  #count = Number.POSITIVE_INFINITY;
  /** Windows since the last outage. */
  #windows = 0;

  /** Slots that were right before the last outage; infinite before any were. */
  get count(): number {
    return this.#count;
  }

  /** A window of measuring has ended. */
  measured(): void {
    this.#windows += 1;
  }

  /**
   * An outage begins. A ramp that is under way (`null`) has found none yet. One that has ended found some;
   * where that was a short time ago, fewer do not count: a ramp of a few seconds may end too soon by chance,
   * so that outages in a row would leave ever fewer, with no time to open more.
   */
  outageBegan(found: number | null): void {
    if (found !== null) {
      const before = this.#count;
      const isShort = this.#windows < WINDOWS_TO_SETTLE && Number.isFinite(before);
      this.#count = isShort ? Math.max(before, found) : found;
    }
    this.#windows = 0;
  }
}
