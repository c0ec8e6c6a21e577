/**
 * The slots of one upstream: room for so many calls at once (OP-6).
 *
 * After an outage they come back one by each success, which doubles them with each round trip (slow
 * start, RFC 5681 §3.1), so that the backlog does not bury the upstream (DG-3). Calls from before it,
 * which may hang until their deadline, take none of them.
 *
 * @module
 */

/** How many slots an upstream starts with again after an outage (DG-3). */
const SLOTS_AFTER_OUTAGE = 4;

/** Counts and nothing else, and not kept on disk: after a restart all slots are open and free. */
export class Slots {
  readonly #slotsMax: number;
  #open: number;
  #inFlight = 0;
  /** Of these, those that began after the last outage, or as its probes. */
  #inFlightSince = 0;
  #outages = 0;
  /** The breaker's generation that probed last. */
  #probedGeneration = -1;

  constructor(slotsMax: number) {
    this.#slotsMax = slotsMax;
    this.#open = slotsMax;
  }

  /** Slots that are taken, by calls from before an outage too. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get free(): number {
    const all = this.#slotsMax - this.#inFlight;
    return Math.max(0, Math.min(all, this.#open - this.#inFlightSince));
  }

  /** Takes a slot; what it answers, the number of outages so far, is handed back with it. */
  take(): number {
    this.#inFlight += 1;
    this.#inFlightSince += 1;
    return this.#outages;
  }

  /** @param opensAnother the call succeeded, and began after the breaker's last change of state */
  giveBack(outage: number, opensAnother: boolean): void {
    this.#inFlight -= 1;
    if (outage === this.#outages) this.#inFlightSince -= 1;
    if (opensAnother) this.#open = Math.min(this.#slotsMax, this.#open + 1);
  }

  /** A probe goes out; the first of a breaker's generation ends an outage. */
  startSlowly(generation: number): void {
    this.#open = SLOTS_AFTER_OUTAGE;
    if (generation === this.#probedGeneration) return;
    this.#probedGeneration = generation;
    this.#outages += 1;
    this.#inFlightSince = 0;
  }
}
