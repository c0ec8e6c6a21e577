/**
 * Measures the calls to one upstream and says how many may be in flight, how many a second, and how long
 * each may take (CB-1, PF-1, PF-6).
 *
 * It reads no clock and draws no chance: instants are given, in milliseconds of a clock that only grows.
 *
 * @module
 */

import { AttemptTimeout } from './attemptTimeout.ts';
import type { CallReport } from './callReport.ts';
import type { FlowNews, FlowReading, KeptFlow } from './flowNews.ts';
import type { FlowPolicy } from './flowPolicy.ts';
import { probesAtOnce, slotsAfterOutage } from './probePacing.ts';
import { SurpriseTrip } from './surpriseTrip.ts';

/** What a call that began is known by. It is given back once; a second time is ignored. */
export interface CallStamp {
  readonly beganAtMs: number;
}

class Stamp implements CallStamp {
  readonly beganAtMs: number;
  /** Counts outages and overloads: a call of an earlier one says nothing about now. */
  readonly epoch: number;
  state: 'inFlight' | 'overhanging' | 'givenBack' = 'inFlight';

  constructor(beganAtMs: number, epoch: number) {
    this.beganAtMs = beganAtMs;
    this.epoch = epoch;
  }
}

/**
 * @example
 * const meter = new FlowMeter(checkFlowPolicy({ slotsMax: 16 }, 'flow'));
 * if (meter.room(nowMs) > 0) {
 *   const stamp = meter.begin(nowMs);
 *   // … the call …
 *   const news = meter.end(stamp, { sign: 'answered' }, laterMs);
 *   if (news !== null) scheduler.send(news);
 * }
 */
export class FlowMeter {
  readonly #policy: FlowPolicy;
  readonly #trip: SurpriseTrip;
  readonly #timeout: AttemptTimeout;
  #slots: number;
  #isRamping = true;
  #isDown = false;
  #epoch = 0;
  #inFlight = 0;
  /** Of these, calls of the present epoch: those of before take none of the slots that are open. */
  #inFlightNow = 0;
  #overhanging = 0;
  #sinceMs = 0;

  constructor(policy: FlowPolicy, kept?: KeptFlow) {
    this.#policy = policy;
    this.#trip = new SurpriseTrip(policy, kept?.usualFailureShare);
    this.#timeout = new AttemptTimeout(policy, kept);
    this.#slots = Math.min(policy.slotsMax, kept?.slots ?? policy.slotsAtStart);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Calls whose end is known and whose slot is taken still: see {@link FlowMeter.tell}. */
  get overhanging(): number {
    return this.#overhanging;
  }

  get timeoutMs(): number {
    return this.#timeout.timeoutMs;
  }

  get usualFailureShare(): number {
    return this.#trip.usualFailureShare;
  }

  /** Whether calls fail in a row beyond the usual, so that a failure now says little about its request. */
  get isDoubted(): boolean {
    return this.#isDown || this.#trip.isDoubted;
  }

  /** Calls that may start now. While the upstream is down 0: probes are the breaker's. */
  room(_nowMs: number): number {
    if (this.#isDown) return 0;
    const all = this.#policy.slotsMax - this.#inFlight - this.#overhanging;
    return Math.max(0, Math.min(all, Math.floor(this.#slots) - this.#inFlightNow));
  }

  /** What bounds it now; `untilAtMs` where a time is known at which there is room again. */
  bound(_nowMs: number): {
    readonly by: 'slot' | 'ramp' | 'rate';
    readonly untilAtMs: number | null;
  } {
    return { by: this.#isRamping ? 'ramp' : 'slot', untilAtMs: null };
  }

  /** A call begins: it takes a slot, and a token where a rate is learned. A probe too. */
  begin(nowMs: number): CallStamp {
    this.#inFlight += 1;
    this.#inFlightNow += 1;
    return new Stamp(nowMs, this.#epoch);
  }

  /** The call has ended: its slot is free. */
  end(stamp: CallStamp, report: CallReport, nowMs: number): FlowNews | null {
    if (!(stamp instanceof Stamp) || stamp.state === 'givenBack') return null;
    const wasTold = stamp.state === 'overhanging';
    this.#release(stamp);
    return wasTold ? null : this.#learn(stamp, report, nowMs);
  }

  /**
   * How the call went is known, for its timeout has passed; its handler still holds the slot, until
   * {@link FlowMeter.end} or {@link FlowMeter.returnUnused}. It counts against the most slots only.
   */
  tell(stamp: CallStamp, report: CallReport, nowMs: number): FlowNews | null {
    if (!(stamp instanceof Stamp) || stamp.state !== 'inFlight') return null;
    this.#release(stamp);
    stamp.state = 'overhanging';
    this.#overhanging += 1;
    return this.#learn(stamp, report, nowMs);
  }

  /** The slot was not used, or what became of the call says nothing. */
  returnUnused(stamp: CallStamp): void {
    if (stamp instanceof Stamp) this.#release(stamp);
  }

  /** The breaker has opened. */
  outageBegan(nowMs: number): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.#sinceMs = nowMs;
    this.#startEpoch();
  }

  /** The breaker has closed: slots open again with successes. */
  outageEnded(nowMs: number): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#sinceMs = nowMs;
    this.#slots = slotsAfterOutage(this.#policy, this.#slots);
    this.#isRamping = true;
    this.#startEpoch();
  }

  kept(): KeptFlow {
    return {
      slots: Math.floor(this.#slots),
      isRamping: this.#isRamping,
      usualFailureShare: this.usualFailureShare,
      latencyMs: this.#timeout.meanMs,
      latencyDeviationMs: this.#timeout.deviationMs,
      ratePerSecond: null,
    };
  }

  reading(): FlowReading {
    return {
      slots: Math.floor(this.#slots),
      slotsMax: this.#policy.slotsMax,
      inFlight: this.#inFlight,
      overhanging: this.#overhanging,
      timeoutMs: this.timeoutMs,
      latencyMs: this.#timeout.meanMs,
      ratePerSecond: null,
      usualFailureShare: this.usualFailureShare,
      pace: this.#isDown ? 'down' : this.#isRamping ? 'ramping' : 'steady',
      sinceMs: this.#sinceMs,
    };
  }

  #startEpoch(): void {
    this.#epoch += 1;
    this.#inFlightNow = 0;
    this.#trip.forget();
  }

  #release(stamp: Stamp): void {
    if (stamp.state === 'givenBack') return;
    if (stamp.state === 'overhanging') this.#overhanging -= 1;
    else {
      this.#inFlight -= 1;
      if (stamp.epoch === this.#epoch) this.#inFlightNow -= 1;
    }
    stamp.state = 'givenBack';
  }

  #learn(stamp: Stamp, { sign }: CallReport, nowMs: number): FlowNews | null {
    if (sign === 'silent') return null;
    if (sign === 'answered') this.#timeout.answered(Math.max(0, nowMs - stamp.beganAtMs));
    if (stamp.epoch !== this.#epoch || this.#isDown) return null;
    if (sign === 'answered' || sign === 'pushedBack') {
      this.#trip.success();
      return this.#isRamping ? this.#open(nowMs) : null;
    }
    if (sign === 'timedOut') this.#timeout.timedOut();
    if (!this.#trip.failure(nowMs)) return null;
    const { firstFailureAtMs, run, usualFailureShare } = this.#trip;
    this.#trip.forget();
    return {
      type: 'outage.detected',
      firstFailureAtMs,
      probes: probesAtOnce(this.#policy, usualFailureShare),
      failures: run,
      usualFailureShare,
    };
  }

  #open(nowMs: number): FlowNews | null {
    this.#slots = Math.min(this.#policy.slotsMax, this.#slots + 0.5);
    if (this.#slots < this.#policy.slotsMax) return null;
    this.#isRamping = false;
    this.#sinceMs = nowMs;
    return { type: 'ramp.ended', slots: this.#slots, because: 'allOpen' };
  }
}
