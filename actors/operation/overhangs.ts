/**
 * Which attempts overhang: their handlers are silent far beyond their time-outs (OP-3). Each gives its slot
 * back, so that what doesn't return takes no room from what does; but no more of them at an upstream than
 * it has slots, so that calls under way are bounded by twice that.
 *
 * @module
 */

interface AtUpstream {
  /** How many may be without a slot. */
  readonly max: number;
  /** Without a slot. */
  readonly beyond: Set<object>;
  /** With their slots still, by what gives them back, oldest first. */
  readonly waiting: Map<object, () => void>;
}

export class Overhangs {
  readonly #at = new Map<string, AtUpstream>();

  /** How many overhang at one upstream, or at all. */
  count(upstream?: string): number {
    if (upstream === undefined) {
      return [...this.#at.keys()].reduce((sum, each) => sum + this.count(each), 0);
    }
    const at = this.#at.get(upstream);
    return at === undefined ? 0 : at.beyond.size + at.waiting.size;
  }

  /**
   * This one overhangs from now on. Its slot is given back, at once or as soon as another has returned.
   *
   * @param max how many may overhang at this upstream without a slot
   */
  enter(upstream: string, max: number, attempt: object, giveSlotBack: () => void): void {
    const at = this.#at.get(upstream) ?? { max, beyond: new Set(), waiting: new Map() };
    this.#at.set(upstream, at);
    at.waiting.set(attempt, giveSlotBack);
    giveBack(at);
  }

  /** It has ended. True where its slot was given back before. */
  leave(upstream: string, attempt: object): boolean {
    const at = this.#at.get(upstream);
    if (at === undefined) return false;
    at.waiting.delete(attempt);
    const hadNoSlot = at.beyond.delete(attempt);
    if (hadNoSlot) giveBack(at);
    if (at.beyond.size + at.waiting.size === 0) this.#at.delete(upstream);
    return hadNoSlot;
  }
}

function giveBack({ max, beyond, waiting }: AtUpstream): void {
  for (const [attempt, giveSlotBack] of waiting) {
    if (beyond.size >= max) return;
    waiting.delete(attempt);
    beyond.add(attempt);
    giveSlotBack();
  }
}
