/**
 * Measures the calls to one upstream and says how many may be in flight, how many a second, and how long
 * each may take (CB-1, PF-1, PF-6). A retry takes one of these places, so retries make no extra load (RT-3).
 *
 * It reads no clock and draws no chance: instants are given, in milliseconds of a clock that only grows.
 *
 * @module
 */

import { AttemptTimeout } from './attemptTimeout.ts';
import { type CallReport, type CallSign, type CallStamp, Stamp } from './callReport.ts';
import type { FailureRuns, FlowNews, FlowReading, KeptFlow } from './flowNews.ts';
import type { FlowPolicy } from './flowPolicy.ts';
import { FlowWindow } from './flowWindow.ts';
import { probesAtOnce, RecoveryPace, slotsAfterOutage, slotsWithin } from './recoveryPace.ts';
import { SlotRamp } from './slotRamp.ts';
import { SlotTrials } from './slotTrials.ts';
import { A_THIRD, HALFWAY, SurpriseTrip } from './surpriseTrip.ts';
import { TokenRate } from './tokenRate.ts';

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

/** Where more slots get more done, they grow so far before that is measured again. */
const GROWTH = 1.5;

/**
 * @example
 * const meter = new FlowMeter(checkFlowPolicy({ slotsMax: 16 }, 'flow'));
 * if (meter.room(nowMs) > 0) {
 *   const stamp = meter.begin(nowMs); // and the call
 *   const news = meter.end(stamp, { sign: 'answered' }, laterMs);
 *   if (news !== null) scheduler.send(news);
 * }
 */
export class FlowMeter {
  #policy: FlowPolicy;
  readonly #trip: SurpriseTrip;
  readonly #timeout: AttemptTimeout;
  readonly #ramp: SlotRamp;
  readonly #trials: SlotTrials;
  readonly #window = new FlowWindow();
  readonly #rate: TokenRate;
  #slots: number;
  /** Slots open with answers: after a start or an outage, or because more got more done. */
  #opening: 'ramp' | 'growth' | null;
  #runs: FailureRuns = 'act';
  #isDown = false;
  #outage = 0;
  #epoch = 0;
  #inFlight = 0;
  /** Calls in flight that began since the last outage. */
  #inFlightNow = 0;
  /** Calls that have begun, ever, but for those that say nothing. */
  #begun = 0;
  #overhanging = 0;
  /** Failures of the present run that tell of too much work. */
  #overloaded = 0;
  /** Slots were halved, and nothing was answered since. */
  #isHalved = false;
  #sinceMs = 0;
  /** Slots that were open when the last outage began. */
  #slotsReached = 0;
  readonly #found = new FoundSlots();
  readonly #recovery = new RecoveryPace();

  constructor(policy: FlowPolicy, kept?: KeptFlow) {
    this.#policy = policy;
    this.#trip = new SurpriseTrip(policy, kept?.usualFailureShare);
    this.#timeout = new AttemptTimeout(policy, kept);
    this.#ramp = new SlotRamp(policy);
    this.#trials = new SlotTrials(policy);
    this.#rate = new TokenRate(policy, kept?.ratePerSecond);
    this.#slots = slotsWithin(policy, kept?.slots ?? policy.slotsAtStart);
    this.#opening = (kept?.isRamping ?? true) ? 'ramp' : null;
    this.#ramp.start(this.#slots, null);
  }

  /** Other numbers from now on; what was measured stays. */
  change(policy: FlowPolicy): void {
    const isBounded = this.#opening === null && this.#slots >= this.#policy.slotsMax;
    this.#policy = policy;
    this.#trip.change(policy);
    this.#timeout.change(policy);
    this.#ramp.change(policy);
    this.#trials.change(policy);
    this.#rate.change(policy);
    this.#slots = slotsWithin(policy, this.#slots);
    // How many more it bears than there were allowed until now is not known.
    if (isBounded && this.#slots < policy.slotsMax) {
      this.#ramp.start(this.#slots, null);
      this.#opening = 'ramp';
    }
  }

  /** What failures in a row may do from now on. */
  allow(runs: FailureRuns): void {
    if (runs !== this.#runs) this.#trip.forget();
    this.#runs = runs;
  }

  get timeoutMs(): number {
    return this.#timeout.timeoutMs;
  }

  get usualFailureShare(): number {
    return this.#trip.usualFailureShare;
  }

  /** Whether calls fail in a row beyond the usual, so that a failure now says little about its request. */
  get isDoubted(): boolean {
    if (this.#runs === 'nothing') return false;
    return this.#isDown || this.#isHalved || this.#trip.isDoubted;
  }

  /** Calls that may start now. While the upstream is down 0: probes are the breaker's. */
  room(nowMs: number): number {
    const slots = this.#freeSlots();
    if (slots === 0 || this.#rate.perSecond === null) return slots;
    return Math.max(0, Math.min(slots, Math.floor(this.#rate.tokens(nowMs))));
  }

  /** What bounds it now; `untilAtMs` where a time is known at which there is room again. */
  bound(nowMs: number): {
    readonly by: 'slot' | 'ramp' | 'rate';
    readonly untilAtMs: number | null;
  } {
    if (this.#freeSlots() > 0 && this.#rate.perSecond !== null) {
      return { by: 'rate', untilAtMs: this.#rate.dueAtMs(nowMs) };
    }
    return { by: this.#opening === 'ramp' ? 'ramp' : 'slot', untilAtMs: null };
  }

  /**
   * A call begins: it takes a slot, and a token where a rate is learned. A probe too.
   *
   * @param stamp to be filled in, of a call that has one of its own
   */
  begin(nowMs: number, stamp = new Stamp()): CallStamp {
    this.#inFlight += 1;
    this.#inFlightNow += 1;
    this.#begun += 1;
    if (this.#isDown) this.#timeout.downFor(nowMs - this.#sinceMs);
    this.#window.began(this.#inFlightNow, this.#slots);
    this.#rate.take(nowMs);
    stamp.beganAtMs = nowMs;
    stamp.timeoutMs = this.#timeout.timeoutMs;
    stamp.round = this.#opening === null ? -1 : this.#ramp.began(this.#inFlightNow, nowMs);
    stamp.outage = this.#outage;
    stamp.epoch = this.#epoch;
    return stamp;
  }

  /** The call begins only now: its slot was held while something else was waited for. */
  beganLate(stamp: CallStamp, nowMs: number): void {
    if (stamp instanceof Stamp && stamp.state === 'inFlight') stamp.beganAtMs = nowMs;
  }

  /** The call has ended: its slot is free. */
  end(stamp: CallStamp, report: CallReport, nowMs: number): FlowNews | null {
    if (!(stamp instanceof Stamp) || stamp.state === 'givenBack') return null;
    const wasTold = stamp.state === 'timedOut';
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
    stamp.state = 'timedOut';
    this.#overhanging += 1;
    return this.#learn(stamp, report, nowMs);
  }

  /** The slot was not used, or what became of the call says nothing. */
  returnUnused(stamp: CallStamp): void {
    if (!(stamp instanceof Stamp) || stamp.state === 'givenBack') return;
    if (stamp.state === 'inFlight') {
      this.#rate.giveBack();
      this.#saysNothing(stamp);
    }
    this.#release(stamp);
  }

  /** The breaker has opened. */
  outageBegan(nowMs: number): void {
    if (this.#isDown) return;
    this.#isDown = true;
    // Slots that were halved, with nothing answered since, are none that it was found to bear.
    const isFound = this.#opening !== 'ramp' && !this.#isHalved;
    this.#found.outageBegan(isFound ? this.#trials.settled(this.#slots) : null);
    this.#slotsReached = this.#slots;
    this.#outage += 1;
    this.#inFlightNow = 0;
    this.#sinceMs = nowMs;
    this.#startEpoch(nowMs);
  }

  /** The breaker has closed: slots open again with successes. */
  outageEnded(nowMs: number): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    // Probes that hang still say nothing of how much it bears now: they count against the most slots only.
    this.#outage += 1;
    this.#inFlightNow = 0;
    this.#sinceMs = nowMs;
    const found = this.#found.count;
    this.#slots = slotsAfterOutage(this.#policy, Number.isFinite(found) ? found : this.#slots);
    const failureShare = this.usualFailureShare;
    const known = { latencyMs: this.#trials.usualMs, inFlight: 0, failureShare };
    this.#ramp.start(this.#slots, known, found, this.#slotsReached);
    this.#recovery.start(nowMs);
    this.#opening = 'ramp';
    this.#isHalved = false;
    this.#timeout.downFor(0);
    this.#startEpoch(nowMs);
  }

  kept(): KeptFlow {
    return {
      slots: Math.floor(this.#slots),
      // All that there may be were open: how many more it bears is not known.
      isRamping: this.#opening === 'ramp' || this.#slots >= this.#policy.slotsMax,
      usualFailureShare: this.usualFailureShare,
      latencyMs: this.#timeout.meanMs,
      latencyDeviationMs: this.#timeout.deviationMs,
      ratePerSecond: this.#rate.perSecond,
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
      ratePerSecond: this.#rate.perSecond,
      usualFailureShare: this.usualFailureShare,
      pace: this.#pace(),
      sinceMs: this.#sinceMs,
    };
  }

  /** The nearer a run of failures is to an outage, the fewer calls follow it: one slot is open at least. */
  #freeSlots(): number {
    if (this.#isDown) return 0;
    // Time-outs and 503 halve the slots, once it is clear that it is too much work.
    const { run, mostDoubt } = this.#trip;
    const least = this.#isOfOverload(run) ? HALFWAY : A_THIRD;
    const doubt = this.#runs === 'act' && mostDoubt >= least ? mostDoubt : 0;
    const open = Math.max(1, Math.floor(this.#slots * (1 - doubt)));
    const all = this.#policy.slotsMax - this.#inFlight - this.#overhanging;
    return Math.max(0, Math.min(all, open - this.#inFlightNow));
  }

  /** Whether most failures of a run tell of too much work. */
  #isOfOverload(run: number): boolean {
    return this.#overloaded * 2 > run;
  }

  #pace(): FlowReading['pace'] {
    if (this.#isDown) return 'down';
    if (this.#opening === 'ramp') return 'ramping';
    return this.#trials.isTrying ? 'trying' : 'steady';
  }

  /** Calls of before say nothing about what comes now. */
  #startEpoch(nowMs: number): void {
    this.#epoch += 1;
    this.#overloaded = 0;
    this.#trip.forget();
    this.#trials.stop();
    this.#window.open(nowMs);
  }

  #release(stamp: Stamp): void {
    if (stamp.state === 'timedOut') this.#overhanging -= 1;
    else {
      this.#inFlight -= 1;
      if (stamp.outage === this.#outage) this.#inFlightNow -= 1;
    }
    stamp.state = 'givenBack';
  }

  #saysNothing({ round, beganAtMs }: Stamp): void {
    this.#ramp.left(round);
    if (beganAtMs >= this.#trip.firstFailureAtMs) this.#begun -= 1;
  }

  #learn(stamp: Stamp, { sign }: CallReport, nowMs: number): FlowNews | null {
    if (sign === 'silent') {
      this.#saysNothing(stamp);
      return null;
    }
    if (sign === 'pushedBack') {
      this.#ramp.left(stamp.round);
      if (stamp.epoch === this.#epoch && !this.#isDown) this.#alive(stamp, nowMs);
      return this.#rate.pushedBack(stamp.beganAtMs, nowMs);
    }
    const news = this.#rate.admitted(nowMs);
    const latencyMs = Math.max(0, nowMs - stamp.beganAtMs);
    // What may take longer than calls here usually may says nothing of how long those may take.
    const isOfThese = latencyMs <= this.#policy.timeoutMsMax;
    if (isOfThese && sign === 'answered') this.#timeout.answered(latencyMs);
    else if (isOfThese && sign === 'timedOut') this.#timeout.timedOut(nowMs, this.#isDown);
    if (stamp.epoch !== this.#epoch || this.#isDown) return news;
    const decided =
      sign === 'answered'
        ? this.#answered(stamp, latencyMs, nowMs)
        : this.#failed(stamp, sign, nowMs);
    return decided ?? news;
  }

  #alive({ beganAtMs }: Stamp, nowMs: number): void {
    if (this.#trip.success(nowMs, beganAtMs)) this.#overloaded = 0;
    this.#isHalved = false;
  }

  #answered(stamp: Stamp, latencyMs: number, nowMs: number): FlowNews | null {
    this.#alive(stamp, nowMs);
    this.#window.answered(latencyMs, nowMs);
    if (this.#opening !== null)
      return this.#opened(this.#ramp.answered(stamp.round, latencyMs, this.#slots, nowMs), nowMs);
    return this.#window.isFull(nowMs, this.#slots) ? this.#tune(nowMs) : null;
  }

  #failed(stamp: Stamp, sign: CallSign, nowMs: number): FlowNews | null {
    this.#window.failed(nowMs, sign === 'busy');
    if (sign === 'timedOut' || sign === 'busy') this.#overloaded += 1;
    const { beganAtMs } = stamp;
    const isEarly = sign !== 'timedOut' && this.#timeout.isEarly(nowMs - beganAtMs);
    const inFlight = this.#inFlightNow + 1;
    const isSurprise = this.#trip.failure(nowMs, {
      inFlight,
      begun: this.#begun,
      beganAtMs,
      isEarly,
    });
    // Half as many are enough where slots were halved, and nothing was answered since.
    if (isSurprise || (this.#isHalved && this.#trip.isDoubted)) return this.#surprised(nowMs);
    if (this.#opening !== null)
      return this.#opened(this.#ramp.failed(stamp.round, this.#slots, nowMs), nowMs);
    return this.#window.isFull(nowMs, this.#slots) ? this.#tune(nowMs) : null;
  }

  /** More failures in a row than chance makes: too much work, or an outage. */
  #surprised(nowMs: number): FlowNews | null {
    const { firstFailureAtMs, run, usualFailureShare, inFlightAtRun } = this.#trip;
    const { slotsMin } = this.#policy;
    // With few in flight it is not too much work.
    const isMuch = Math.min(this.#slots, inFlightAtRun) > 2 * slotsMin;
    const isOverload = this.#isOfOverload(run) && !this.#isHalved && isMuch;
    this.#trip.forget();
    this.#overloaded = 0;
    if (!isOverload && this.#runs === 'nothing') return null;
    if (!isOverload) {
      return {
        type: 'outage.detected',
        firstFailureAtMs,
        probes: probesAtOnce(this.#policy, usualFailureShare),
        failures: run,
        usualFailureShare,
      };
    }
    const from = this.#slots;
    this.#slots = Math.max(slotsMin, from / 2);
    this.#isHalved = true;
    this.#opening = null;
    this.#sinceMs = nowMs;
    this.#startEpoch(nowMs);
    return {
      type: 'overload.detected',
      from: Math.floor(from),
      to: Math.floor(this.#slots),
      because: 'overloadRun',
    };
  }

  /** @param slots what the ramp says: negative where it is over, with so many */
  #opened(slots: number, nowMs: number): FlowNews | null {
    const { slotsMax } = this.#policy;
    const isSlow = slots < 0;
    this.#open(Math.abs(slots), nowMs);
    if (!isSlow && !this.#ramp.isDone(this.#slots, slotsMax)) return null;
    const wasRamp = this.#opening === 'ramp';
    this.#opening = null;
    this.#trials.start(this.#ramp.fastestMs);
    this.#recovery.ramped(this.#ramp.fastestMeanMs);
    this.#window.open(nowMs + (this.#timeout.meanMs ?? 0));
    if (!wasRamp) return null;
    this.#sinceMs = nowMs;
    return {
      type: 'ramp.ended',
      slots: Math.floor(this.#slots),
      because: isSlow ? 'slower' : this.#slots < slotsMax ? 'asBefore' : 'allOpen',
    };
  }

  #open(wanted: number, nowMs: number): void {
    // A trial goes on from what it has found; a ramp goes up to what is known at once.
    const latencyMs = this.#opening === null ? 0 : this.#ramp.fastestMeanMs;
    const slots = this.#recovery.limit(this.#slots, wanted, latencyMs, nowMs);
    this.#slots = slotsWithin(this.#policy, slots);
  }

  #tune(nowMs: number): FlowNews | null {
    const measured = this.#window.measure(nowMs);
    const { slots, news, after } = this.#trials.measured(this.#slots, measured);
    if (after === 'goOn') {
      this.#window.goOn();
      return null;
    }
    this.#found.measured();
    this.#recovery.measured(measured);
    const before = this.#slots;
    this.#open(slots, nowMs);
    this.#window.open(this.#slots === before ? nowMs : nowMs + measured.latencyMs);
    if (after === 'ramp' && this.#slots < this.#policy.slotsMax) {
      this.#opening = 'growth';
      const { failureShare } = measured;
      const known = { latencyMs: this.#trials.usualMs, inFlight: this.#slots, failureShare };
      this.#ramp.start(this.#slots, known, GROWTH * this.#slots);
    }
    if (news !== null) this.#sinceMs = nowMs;
    return news;
  }
}
