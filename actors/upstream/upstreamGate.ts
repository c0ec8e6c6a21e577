/**
 * Gives permits for attempts at one upstream, by its breaker, its level and its free slots.
 *
 * @module
 */

import type { CallOutcome } from '../../machines/policy/breaker/callWindow.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { Breaker } from './breaker.ts';

/** Leave to run one attempt. It must be given back with {@link UpstreamGate.leave}. */
export interface Permit {
  readonly gate: UpstreamGate;
  /** The breaker's generation when it was given; a result of another generation moves nothing. */
  readonly generation: number;
  /** Set while the breaker is half open. */
  readonly probeId: string | null;
  /** How many outages the gate had seen. */
  readonly outage: number;
}

export interface GateParts {
  readonly upstream: string;
  readonly breaker: Breaker;
  /** Attempts in flight at once. */
  readonly placesMax: number;
  /** Places reserved for crisis deliveries, beside the others (CR-2). */
  readonly crisisPlacesMax: number;
  /** Told how each call went, crises included. */
  readonly onOutcome: (outcome: CallOutcome) => void;
}

/** How many places an upstream starts with again after an outage (DG-3). */
const PLACES_AFTER_OUTAGE = 4;

/**
 * Who may call one upstream now: its breaker, its places, and the level of service. Reading it sends
 * no event (CB-5), but for probes.
 *
 * After an outage the places come back one by each success, which doubles them with each round trip
 * (slow start, RFC 5681 §3.1), so that the backlog does not bury the upstream (DG-3). Calls from before
 * it, which may hang until their deadline, take none of them.
 */
export class UpstreamGate {
  readonly upstream: string;
  readonly #parts: GateParts;
  #places: number;
  #inFlight = 0;
  /** Of these, those that began after the last outage, or as its probes. */
  #inFlightSince = 0;
  #outages = 0;
  /** The breaker's generation that probed last. */
  #probedGeneration = -1;
  #probesAsked = 0;
  /** How the last call ended, whoever's it was; nothing is known of an earlier process. */
  #hasLastSucceeded = false;
  /** The least urgent rank that runs at the present level of service (DG-2). */
  urgencyBound = URGENCY_MAX;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.upstream = parts.upstream;
    this.#places = parts.placesMax;
  }

  get crisisPlacesMax(): number {
    return this.#parts.crisisPlacesMax;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether work of this urgency rank may go out at all, were there a place. */
  admits(urgency: number): boolean {
    return urgency <= this.urgencyBound && this.#parts.breaker.decision.mode !== 'refuse';
  }

  /** How many more may start now; while half open, what the breaker will say is not known before. */
  get free(): number {
    return this.#parts.breaker.decision.mode === 'refuse' ? 0 : this.#freePlaces;
  }

  get #freePlaces(): number {
    const all = this.#parts.placesMax - this.#inFlight;
    return Math.max(0, Math.min(all, this.#places - this.#inFlightSince));
  }

  /** A permit for work of this urgency rank, or `null` if it has to wait. */
  tryEnter(urgency: number): Permit | null {
    if (urgency > this.urgencyBound || this.#freePlaces === 0) return null;
    const { breaker } = this.#parts;
    const { mode, generation } = breaker.decision;
    if (mode === 'refuse') return null;
    let probeId: string | null = null;
    if (mode === 'probe') {
      this.#probesAsked += 1;
      probeId = `probe-${generation}-${this.#probesAsked}`;
      if (!breaker.requestProbe(probeId)) return null;
      this.#startSlowly(generation);
    }
    this.#inFlight += 1;
    this.#inFlightSince += 1;
    return { gate: this, generation, probeId, outage: this.#outages };
  }

  /**
   * Gives the place back and records how the call went. True where the upstream serves others: the
   * breaker was closed throughout, and the call that ended before this one succeeded (RT-1).
   */
  leave(permit: Permit, outcome: CallOutcome, retryAfterMs: number | undefined): boolean {
    const { breaker, placesMax } = this.#parts;
    const hadSucceeded = this.#hasLastSucceeded;
    this.#inFlight -= 1;
    if (permit.outage === this.#outages) this.#inFlightSince -= 1;
    // A call from before the outage says nothing about how much the upstream bears after it.
    const isCurrent = permit.generation === breaker.decision.generation;
    if (outcome === 'success' && isCurrent && this.#places < placesMax) this.#places += 1;
    breaker.record(permit.generation, permit.probeId, outcome, retryAfterMs);
    this.#note(outcome);
    // A trip by this very call begins another generation, too.
    const { mode, generation } = breaker.decision;
    return hadSucceeded && mode === 'pass' && permit.generation === generation;
  }

  /** Records how a crisis delivery went; nothing held it back, and it says as much as any call (CB-3). */
  recordCrisis(outcome: CallOutcome, retryAfterMs: number | undefined): void {
    const { breaker } = this.#parts;
    breaker.record(breaker.decision.generation, null, outcome, retryAfterMs);
    this.#note(outcome);
  }

  #startSlowly(generation: number): void {
    this.#places = PLACES_AFTER_OUTAGE;
    if (generation === this.#probedGeneration) return;
    this.#probedGeneration = generation;
    this.#outages += 1;
    this.#inFlightSince = 0;
  }

  #note(outcome: CallOutcome): void {
    if (outcome !== 'ignored') this.#hasLastSucceeded = outcome === 'success';
    this.#parts.onOutcome(outcome);
  }
}
