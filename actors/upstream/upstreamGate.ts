/**
 * Gives permits for attempts at one upstream, by its breaker, its level and its free slots.
 *
 * @module
 */

import type { BreakerDecision } from '../../machines/policy/breaker/breakerDecision.ts';
import { type EndedCall, isUpstreamWell } from '../../machines/policy/breaker/callReport.ts';
import {
  entryOf,
  type FlowReason,
  heldBackBy,
  isAdmitted,
} from '../../machines/policy/flow/entry.ts';
import { Slots } from '../../machines/policy/flow/slots.ts';
import type { CallResult } from '../../machines/vocabulary/callResult.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { Asker, FlowControl, Permit } from '../flow/flowControl.ts';
import type { Breaker } from './breaker.ts';

interface GatePermit extends Permit, EndedCall {
  /** What {@link Slots.take} answered. */
  readonly outage: number;
}

export interface GateParts {
  readonly upstream: string;
  readonly breaker: Breaker;
  /** Attempts in flight at once. */
  readonly slotsMax: number;
  /** Told how each call went, crises included. */
  readonly onResult: (result: CallResult) => void;
}

/**
 * Its breaker, its slots and the level of service, as one. Reading it sends no event (CB-5), but for
 * probes.
 */
export class UpstreamGate implements FlowControl {
  readonly upstream: string;
  readonly #parts: GateParts;
  readonly #slots: Slots;
  readonly #listeners: (() => void)[] = [];
  #probesAsked = 0;
  /** How the last call of any operation ended; nothing is known of an earlier process. */
  #hasLastSucceeded = false;
  /** The least urgent rank that runs at the present level of service (DG-2). */
  urgencyBound = URGENCY_MAX;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.upstream = parts.upstream;
    this.#slots = new Slots(parts.slotsMax);
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

  heldBackBy(urgency: number): FlowReason {
    return heldBackBy(urgency, this);
  }

  /** How many more may start now; while half open, what the breaker will say is not known before. */
  get free(): number {
    return this.mode === 'refuse' ? 0 : this.#slots.free;
  }

  /** All is known here, so the answer comes at once. */
  enter(asker: Asker): GatePermit | null {
    return this.tryEnter(asker);
  }

  tryEnter({ urgency }: Asker): GatePermit | null {
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
    return { flow: this, generation, probeId, outage: this.#slots.take() };
  }

  /**
   * Gives the slot back and records how the call went. True where the upstream serves others: see
   * {@link isUpstreamWell}.
   */
  leave(permit: GatePermit, result: CallResult, retryAfterMs?: number): boolean {
    const { breaker } = this.#parts;
    const hadLastSucceeded = this.#hasLastSucceeded;
    // A call from before the outage says nothing about how much the upstream bears after it.
    const isCurrent = permit.generation === breaker.decision.generation;
    this.#slots.giveBack(permit.outage, result === 'success' && isCurrent);
    breaker.record(permit, result, retryAfterMs);
    this.#note(result);
    return isUpstreamWell(permit, breaker.decision, hadLastSucceeded);
  }

  /** Counts the result of a crisis delivery, which needed no permit (CB-3). */
  recordCrisis(result: CallResult, retryAfterMs?: number): void {
    const { breaker } = this.#parts;
    const { generation } = breaker.decision;
    breaker.record({ generation, probeId: null }, result, retryAfterMs);
    this.#note(result);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Tells that more or less may go out than before. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #note(result: CallResult): void {
    if (result !== 'ignored') this.#hasLastSucceeded = result === 'success';
    this.#parts.onResult(result);
  }
}
