/**
 * The place of a device's anchor, elsewhere: it answers after a while, and now and then it fails.
 *
 * @module
 */

import type { AnchorSource } from '../../../actors/port.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { type SeededRandom, seededRandom } from '../../virtual/seededRandom.ts';

/** Far below the time that a start waits for it, with a failure before each answer. */
const ANSWER_MS_MAX = 4_000;

export class AnchorPlace {
  /** What was written last; `null` for nothing. */
  text: string | null = null;
  readonly #random: SeededRandom;
  #hasFailed = false;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** The place as a process reaches it, by its clock. */
  source(clock: Clock): AnchorSource {
    return {
      read: async () => {
        await this.#answer(clock);
        return this.text;
      },
      write: async (record) => {
        await this.#answer(clock);
        this.text = record;
      },
    };
  }

  async #answer(clock: Clock): Promise<void> {
    await new Promise<void>((go) => {
      clock.schedule(this.#random.below(ANSWER_MS_MAX), go);
    });
    // Never twice in a row, so that each start compares in time.
    this.#hasFailed = !this.#hasFailed && this.#random.chance(0.2);
    if (this.#hasFailed) throw new Error('The place of the anchor fails.');
  }
}
