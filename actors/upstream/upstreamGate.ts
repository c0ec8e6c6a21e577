/**
 * Gives permits for attempts at one upstream, by its breaker, its level and its free slots.
 *
 * @module
 */

import type { BreakerDecision } from '../../machines/policy/breaker/breakerDecision.ts';
import { type EndedCall, isUpstreamWell } from '../../machines/policy/breaker/callReport.ts';
import type { CallOutcome } from '../../machines/policy/breaker/callWindow.ts';
import { entryOf, isAdmitted } from '../../machines/policy/flow/entry.ts';
import { Slots } from '../../machines/policy/flow/slots.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { Breaker } from './breaker.ts';

/** Leave to run one attempt. It must be given back with {@link UpstreamGate.leave}. */
export interface Permit extends EndedCall {
  readonly gate: UpstreamGate;
  /** What {@link Slots.take} answered. */
  readonly outage: number;
}

export interface GateParts {
  readonly upstream: string;
  readonly breaker: Breaker;
  /** Attempts in flight at once. */
  readonly slotsMax: number;
  /** Slots reserved for crisis deliveries, beside the others (CR-2). */
  readonly crisisSlotsMax: number;
  /** Told how each call went, crises included. */
  readonly onOutcome: (outcome: CallOutcome) => void;
}

/**
 * Its breaker, its slots and the level of service, as one. Reading it sends no event (CB-5), but for
 * probes.
 */
export class UpstreamGate {
  readonly upstream: string;
  readonly #parts: GateParts;
  readonly #slots: Slots;
  #probesAsked = 0;
  /** How the last call ended, whoever's it was; nothing is known of an earlier process. */
  #hasLastSucceeded = false;
  /** The least urgent rank that runs at the present level of service (DG-2). */
  urgencyBound = URGENCY_MAX;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.upstream = parts.upstream;
    this.#slots = new Slots(parts.slotsMax);
  }

  get crisisSlotsMax(): number {
    return this.#parts.crisisSlotsMax;
  }

  get inFlight(): number {
    return this.#slots.inFlight;
  }

  /** What the breaker lets out at present. */
  get mode(): BreakerDecision['mode'] {
    return this.#parts.breaker.decision.mode;
  }

  /** Whether work of this urgency rank may go out at all, were there a slot. */
  admits(urgency: number): boolean {
    return isAdmitted(urgency, this);
  }

  /** How many more may start now; while half open, what the breaker will say is not known before. */
  get free(): number {
    return this.mode === 'refuse' ? 0 : this.#slots.free;
  }

  /** A permit for work of this urgency rank, or `null` if it has to wait. */
  tryEnter(urgency: number): Permit | null {
    const entry = entryOf(urgency, this, this.#slots.free);
    if (entry === 'wait') return null;
    const { breaker } = this.#parts;
    const { generation } = breaker.decision;
    let probeId: string | null = null;
    if (entry === 'probe') {
      this.#probesAsked += 1;
      probeId = `probe-${generation}-${this.#probesAsked}`;
      if (!breaker.requestProbe(probeId)) return null;
      this.#slots.startSlowly(generation);
    }
    return { gate: this, generation, probeId, outage: this.#slots.take() };
  }

  /**
   * Gives the slot back and records how the call went. True where the upstream serves others: see
   * {@link isUpstreamWell}.
   */
  leave(permit: Permit, outcome: CallOutcome, retryAfterMs: number | undefined): boolean {
    const { breaker } = this.#parts;
    const hadLastSucceeded = this.#hasLastSucceeded;
    // A call from before the outage says nothing about how much the upstream bears after it.
    const isCurrent = permit.generation === breaker.decision.generation;
    this.#slots.giveBack(permit.outage, outcome === 'success' && isCurrent);
    breaker.record(permit, outcome, retryAfterMs);
    this.#note(outcome);
    return isUpstreamWell(permit, breaker.decision, hadLastSucceeded);
  }

  /** Records how a crisis delivery went; nothing held it back, and it says as much as any call (CB-3). */
  recordCrisis(outcome: CallOutcome, retryAfterMs: number | undefined): void {
    const { breaker } = this.#parts;
    const { generation } = breaker.decision;
    breaker.record({ generation, probeId: null }, outcome, retryAfterMs);
    this.#note(outcome);
  }

  #note(outcome: CallOutcome): void {
    if (outcome !== 'ignored') this.#hasLastSucceeded = outcome === 'success';
    this.#parts.onOutcome(outcome);
  }
}
