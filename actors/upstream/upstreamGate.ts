/**
 * Gives permits for attempts at one upstream, by its breaker, its level and its free slots.
 *
 * @module
 */

import type { BreakerDecision } from '../../machines/policy/breaker/breakerDecision.ts';
import { type EndedCall, isUpstreamWell } from '../../machines/policy/breaker/callReport.ts';
import { type CallReport, resultOf } from '../../machines/policy/flow/callReport.ts';
import { entryOf, heldBackBy, isAdmitted } from '../../machines/policy/flow/entry.ts';
import { Slots } from '../../machines/policy/flow/slots.ts';
import type { CallResult } from '../../machines/vocabulary/callResult.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { Intake, MayRun } from '../../machines/vocabulary/waitCause.ts';
import {
  type Asker,
  type CallVerdict,
  type FlowControl,
  NO_VERDICT,
  type Permit,
} from '../flow/flowControl.ts';
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
  readonly timeoutMs: number;
  /** Since when it is up, in the measure of `upMs`. */
  readonly monotonic: () => number;
  readonly onError: (error: unknown) => void;
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
  #intake: Intake = 'notStarted';
  readonly #out = new Set<Permit>();
  readonly #told = new Set<Permit>();
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

  /** One of what is parked may go out at a time. */
  get trickle(): number {
    return 0;
  }

  get slotsMax(): number {
    return this.#parts.slotsMax;
  }

  get isDoubted(): boolean {
    return this.mode !== 'pass';
  }

  get upMs(): number {
    return this.#parts.monotonic();
  }

  wasOutage(): boolean {
    return this.mode !== 'pass';
  }

  setIntake(intake: Intake): void {
    this.#intake = intake;
  }

  mayRun({ urgency, isAlone }: Asker): MayRun {
    const untilAtMs = this.#parts.breaker.decision.retryAtMs;
    if (this.#intake === 'notStarted') return { may: false, because: 'start', untilAtMs: null };
    if (this.#intake === 'stopped') return { may: false, because: 'stopping', untilAtMs: null };
    if (this.#intake === 'isolated' && isAlone !== true)
      return { may: false, because: 'suspect', untilAtMs: null };
    if (isAdmitted(urgency, this) && this.#slots.free > 0) return { may: true };
    const because = heldBackBy(urgency, this);
    return { may: false, because, untilAtMs: because === 'breaker' ? untilAtMs : null };
  }

  /** How many more may start now; while half open, what the breaker will say is not known before. */
  get free(): number {
    return this.mode === 'refuse' ? 0 : this.#slots.free;
  }

  /** All is known here, so the answer comes at once. */
  enter(asker: Asker): GatePermit | null {
    return this.tryEnter(asker);
  }

  tryEnter({ urgency, isAlone }: Asker): GatePermit | null {
    const isTakenUp = isAlone === true ? 'isolated' : 'open';
    if (this.#intake !== 'open' && this.#intake !== isTakenUp) return null;
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
    const { timeoutMs } = this.#parts;
    const permit = { flow: this, timeoutMs, generation, probeId, outage: this.#slots.take() };
    this.#out.add(permit);
    return permit;
  }

  /** Gives the slot back and records how the call went. */
  leave(permit: GatePermit, report: CallReport): CallVerdict {
    const { breaker, onError } = this.#parts;
    if (!this.#out.delete(permit)) {
      onError(new HoldfastError('HF_INTERNAL', 'A permit was given back twice.'));
      return NO_VERDICT;
    }
    // A call from before the outage says nothing about how much the upstream bears after it.
    const isCurrent = permit.generation === breaker.decision.generation;
    this.#slots.giveBack(permit.outage, report.sign === 'answered' && isCurrent);
    return this.#told.delete(permit) ? NO_VERDICT : this.#record(permit, report);
  }

  tell(permit: GatePermit, report: CallReport): CallVerdict {
    if (!this.#out.has(permit) || this.#told.has(permit)) return NO_VERDICT;
    this.#told.add(permit);
    return this.#record(permit, report);
  }

  #record(permit: GatePermit, report: CallReport): CallVerdict {
    const { breaker } = this.#parts;
    const result = resultOf(report);
    const hadLastSucceeded = this.#hasLastSucceeded;
    breaker.record(permit, result, report.retryAfterMs);
    this.#note(result);
    const isWell = isUpstreamWell(permit, breaker.decision, hadLastSucceeded);
    return { isUpstreamWell: isWell, isDoubted: this.isDoubted };
  }

  /** Counts the result of a crisis delivery, which needed no permit (CB-3). */
  recordCrisis(report: CallReport): void {
    const { breaker } = this.#parts;
    const { generation } = breaker.decision;
    const result = resultOf(report);
    breaker.record({ generation, probeId: null }, result, report.retryAfterMs);
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
