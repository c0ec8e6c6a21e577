/**
 * Slots reserved for crisis deliveries at one upstream (CR-2): beside all other work, so that
 * nothing can hold them up, and bounded, so that mislabelled traffic can't storm the upstream.
 * Deliveries of one entity begin in order; a failing one lets the next begin.
 *
 * @module
 */

interface Waiting {
  readonly entity: string | null;
  readonly begin: () => void;
}

export class CrisisSlots {
  readonly #slotsMax: () => number;
  readonly #waiting = new Set<Waiting>();
  readonly #busyEntities = new Set<string>();
  #inFlight = 0;
  #isBeginning = false;
  #isChanged = false;

  /** @param slotsMax asked with each delivery, so a change holds from the next one on */
  constructor(slotsMax: () => number) {
    this.#slotsMax = slotsMax;
  }

  get slotsMax(): number {
    return this.#slotsMax();
  }

  /** Runs `begin` at once if a slot is free and the entity is not busy, else as soon as it can. */
  enter(entity: string | null, begin: () => void): { readonly leave: () => void } {
    const waiting: Waiting = { entity, begin };
    this.#waiting.add(waiting);
    let isOver = false;
    this.#next();
    return {
      leave: () => {
        if (isOver) return;
        isOver = true;
        if (!this.#waiting.delete(waiting)) {
          this.#inFlight -= 1;
          if (entity !== null) this.#busyEntities.delete(entity);
        }
        this.#next();
      },
    };
  }

  /** What it begins may leave at once; that is taken up here, not in a call within a call. */
  #next(): void {
    if (this.#isBeginning) {
      this.#isChanged = true;
      return;
    }
    this.#isBeginning = true;
    do {
      this.#isChanged = false;
      this.#beginWaiting();
    } while (this.#isChanged);
    this.#isBeginning = false;
  }

  #beginWaiting(): void {
    for (const waiting of this.#waiting) {
      if (this.#inFlight >= this.slotsMax) return;
      const { entity } = waiting;
      if (entity !== null && this.#busyEntities.has(entity)) continue;
      this.#waiting.delete(waiting);
      this.#inFlight += 1;
      if (entity !== null) this.#busyEntities.add(entity);
      waiting.begin();
    }
  }
}
