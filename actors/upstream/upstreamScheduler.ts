/**
 * The flow control of one upstream in this process: gives permits by the scheduler's table, takes them
 * back, and tells flow meter, breaker and scheduler what came of them (CB-1, CB-5, DG-2, OP-6, PF-6).
 *
 * @module
 */

import type { BreakerState } from '../../machines/policy/breaker/breakerPolicy.ts';
import {
  type CallReport,
  resultOf,
  SILENT,
  UNUSED,
} from '../../machines/policy/flow/callReport.ts';
import { FlowMeter } from '../../machines/policy/flow/flowMeter.ts';
import type { FailureRuns, FlowReading, KeptFlow } from '../../machines/policy/flow/flowNews.ts';
import type { FlowPolicy } from '../../machines/policy/flow/flowPolicy.ts';
import { AskedPause, type RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import { type RateLimit, TokenBucket } from '../../machines/policy/flow/tokenRate.ts';
import {
  failuresOfNoChance,
  type TypedCall,
  TypeTrials,
} from '../../machines/policy/flow/typeTrials.ts';
import { trickleOf } from '../../machines/policy/service/admissionTable.ts';
import { mayRun, type SchedulerFacts } from '../../machines/scheduler/mayRun.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Intake, MayRun } from '../../machines/vocabulary/standing.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import type { Facts } from '../facts/factStream.ts';
import type { StorageHealth } from '../journal/storageHealth.ts';
import {
  type Asker,
  type CallVerdict,
  type FlowControl,
  NO_VERDICT,
  type Permit,
} from '../operation/flowControl.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { Breaker } from './breaker.ts';
import { CallEnds } from './callEnds.ts';
import { Changes } from './changes.ts';
import { Crowding, SLOW_MS } from './crowding.ts';
import type { SchedulerChart } from './schedulerChart.ts';
import { Shortage } from './shortage.ts';
import { SlotPermit } from './slotPermit.ts';
import type { UpstreamRates } from './upstreamRates.ts';

export interface UpstreamSchedulerParts {
  readonly upstream: string;
  readonly flow: FlowPolicy;
  /** Rate limit of the whole upstream; `null` for none. */
  readonly rate: RateLimit | null;
  /** By subject and tier. */
  readonly rates: UpstreamRates;
  readonly breaker: Breaker;
  readonly chart: SchedulerChart;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  readonly storage: Pick<StorageHealth, 'isDown'>;
  /** Whether slots are short, or no longer: the level of service is read again. */
  readonly onShortage: () => void;
  readonly onError: (error: unknown) => void;
}

const MAY: MayRun = Object.freeze({ may: true });
/** What failures in a row may do while an operator holds the breaker. */
const FAILURE_RUNS: Partial<Readonly<Record<BreakerState, FailureRuns>>> = {
  disabled: 'nothing',
  observing: 'tell',
};
/**
 * So many probes may hang at once. Of an attempt time-out of 10 s no more go out within it: ten in the first 2.5 s, then
 * one for each tenth of the outage, some 24 in all. Who hangs longer holds up the others, and not the process.
 */
const PROBES_OUT_MAX = 32;
const NO_PROBES = { by: 'slot', untilAtMs: null } as const;

/** Gives permits for the calls of one upstream, and takes them back. Reading it sends no event (CB-5), but for probes. */
export class UpstreamScheduler implements FlowControl, SchedulerFacts {
  readonly upstream: string;
  /** Types that fail here while others succeed, subjects likewise, and which goes next. */
  readonly types = new TypeTrials();
  readonly #pause = new AskedPause();
  readonly #crowding = new Crowding<SlotPermit>();
  readonly #parts: UpstreamSchedulerParts;
  readonly #changes: Changes;
  #meter: FlowMeter;
  #flow: FlowPolicy;
  #bucket: TokenBucket | null;
  #inFlight = 0;
  #sharesInFlight = 0;
  #probesAsked = 0;
  #probesOut = 0;
  #isDown = false;
  readonly #shortage: Shortage;
  readonly #ends: CallEnds;
  /** Work that is taken up; `notStarted` until {@link setIntake}. */
  intake: Intake = 'notStarted';
  /** Intake while the store is not held. */
  #wanted: Intake = 'notStarted';
  #isHeld = false;
  /** Least urgent rank that is not parked: those beyond it get what nobody more urgent wants, and their share (DG-2). */
  urgencyBound: number = URGENCY_MAX;

  constructor(parts: UpstreamSchedulerParts) {
    this.#parts = parts;
    this.upstream = parts.upstream;
    this.#flow = parts.flow;
    this.#changes = new Changes(parts.timers, parts.steady, () => {
      if (this.#shortage.because !== null) this.#shortage.review(this.#meter.reading());
    });
    this.#shortage = new Shortage(() => parts.chart.pace, parts.onShortage);
    const ends = {
      ...parts,
      types: this.types,
      failuresOfNoChance: () =>
        failuresOfNoChance(this.#flow.surprise, this.#meter.usualFailureShare),
    };
    this.#ends = new CallEnds(ends, this.#shortage, () => {
      this.changeSoon();
    });
    this.#meter = new FlowMeter(parts.flow);
    this.#bucket = parts.rate === null ? null : new TokenBucket(parts.rate);
  }

  // What the table is asked about.

  /** Whether nothing can be made durable at present. */
  get isStorageDown(): boolean {
    return this.#parts.storage.isDown;
  }

  get breaker(): Breaker['decision'] {
    return this.#parts.breaker.decision;
  }

  get room(): number {
    const left = this.#flow.slotsMax - this.#inFlight;
    if (this.breaker.mode === 'probe') return Math.min(left, this.#probesMax - this.#probesOut);
    return Math.min(left, this.#meter.room(this.#parts.clock.monotonic()));
  }

  /** Half of the slots are left for what comes once one of the probes is answered. */
  get #probesMax(): number {
    return Math.min(PROBES_OUT_MAX, Math.ceil(this.#flow.slotsMax / 2));
  }

  get bound(): SchedulerFacts['bound'] {
    if (this.breaker.mode === 'probe') return NO_PROBES;
    const { clock, steady } = this.#parts;
    const nowMs = clock.monotonic();
    const bound = this.#meter.bound(nowMs);
    const { by, untilAtMs } = bound;
    return untilAtMs === null ? bound : { by, untilAtMs: steady.now() + (untilAtMs - nowMs) };
  }

  get rateDueAtMs(): number | null {
    const { clock, steady } = this.#parts;
    const nowMs = steady.now();
    const dueAtMs = this.#bucket?.dueAtMs() ?? nowMs;
    const askedMs = this.#pause.dueMs(clock.monotonic());
    const pausedAtMs = askedMs === null ? nowMs : this.#toSteady(askedMs);
    return Math.max(dueAtMs, pausedAtMs) <= nowMs ? null : Math.max(dueAtMs, pausedAtMs);
  }

  get pausedUntilAtMs(): number | null {
    const untilMs = this.#pause.untilMs(this.#parts.clock.monotonic());
    return untilMs === null ? null : this.#toSteady(untilMs);
  }

  /**
   * Instant until which calls for this subject wait, since the upstream asked for that, by the steady clock; `null`
   * where they do not.
   */
  subjectDueAtMs(subject: string): number | null {
    // Most often nobody is held, and then no clock is read.
    if (!this.#pause.isHolding) return null;
    const dueMs = this.#pause.subjectDueMs(subject, this.#parts.clock.monotonic());
    return dueMs === null ? null : this.#toSteady(dueMs);
  }

  isParked(route: string): boolean {
    return this.types.isParked(route);
  }

  isSubjectParked(subject: string): boolean {
    return this.types.isSubjectParked(subject);
  }

  probeDueAtMs(key: string): number | null {
    const nextMs = this.types.nextTryMs(key);
    return nextMs === null ? null : Math.max(this.#parts.steady.now(), this.#toSteady(nextMs));
  }

  /** Slots that may go out now although more urgent work waits. */
  get trickle(): number {
    return Math.max(0, trickleOf(this.#meter.reading().slots) - this.#sharesInFlight);
  }

  /** Rate limits by subject and tier; `null` where there are none. */
  get rates(): RateLimits | null {
    return this.#parts.rates.inForce;
  }

  /** Permits that are out in this process. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Most slots that the upstream may ever have: as many calls as may overhang, too. */
  get slotsMax(): number {
    return this.#flow.slotsMax;
  }

  /** Longest that a call may take whose own time-out is not set, in milliseconds. */
  get timeoutMsMax(): number {
    return this.#flow.timeoutMsMax;
  }

  /** Whether an operator has switched the breaker off: each failure is its operation's own. */
  get isSwitchedOff(): boolean {
    return this.#parts.breaker.snapshot.value === 'disabled';
  }

  /** Whether the upstream is down, or failing in a row beyond the usual. */
  get isDoubted(): boolean {
    return this.breaker.mode !== 'pass' || this.#meter.isDoubted;
  }

  /** Probes of this outage that have failed; 0 while the upstream is up. The next one goes to other work. */
  get probesFailed(): number {
    return this.#ends.probesFailed;
  }

  /** Whether the upstream counts as down: what goes out are probes. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Time in which a process ran and the upstream was up, in milliseconds, over restarts. Only differences mean something. */
  get upMs(): number {
    return this.#parts.steady.lived() - this.#parts.breaker.downMs;
  }

  /** Permits that could go out now, as far as is known without asking. */
  get free(): number {
    if (this.intake !== 'open' || this.isStorageDown) return 0;
    const { mode, probesFree } = this.breaker;
    if (mode === 'refuse' || this.rateDueAtMs !== null) return 0;
    const free = mode === 'probe' ? Math.min(probesFree, this.room) : this.room;
    if (free <= 0) this.#changes.isAwaited = true;
    return Math.max(0, free);
  }

  /** Whether this asker may run now, and why not. Asking changes nothing. */
  mayRun(asker: Asker): MayRun {
    const nowMs = this.#parts.clock.monotonic();
    return this.#isOpenTo(asker, nowMs) ? MAY : this.#answer(asker, nowMs);
  }

  /** Answer of the table; a caller that has to wait is told when that may be over. */
  #answer(asker: Asker, nowMs: number): MayRun {
    const isBeside = asker.isBeside === true && this.#roomBeside(nowMs) > 0;
    const answer = mayRun(isBeside ? this.#factsBeside : this, asker);
    if (answer.may) return answer;
    this.#changes.isAwaited = true;
    // By then it is known whether the calls that are out are slow ones.
    if (this.room <= 0) this.#changes.at(this.#parts.steady.now() + SLOW_MS);
    if (answer.because === 'rate') this.#changes.at(this.rateDueAtMs ?? answer.untilAtMs);
    return answer;
  }

  /**
   * Routes among these that may go beside the type whose slow calls hold the slots; none where no type does. So a
   * quick type does not wait for a slow one.
   */
  beside(routes: readonly string[]): readonly string[] {
    const nowMs = this.#parts.clock.monotonic();
    if (routes.length < 2 || this.room > 0 || this.#roomBeside(nowMs) <= 0) return [];
    return this.#crowding.beside(routes, this.#meter.reading().slots, nowMs);
  }

  /** Not while it may be too much, and not beyond the most slots. */
  #roomBeside(nowMs: number): number {
    const { slots, ratePerSecond } = this.#meter.reading();
    if (this.isDoubted || ratePerSecond !== null) return 0;
    const room = this.#crowding.room(slots, this.#inFlight, nowMs);
    return Math.min(this.#flow.slotsMax - this.#inFlight, room);
  }

  get #factsBeside(): SchedulerFacts {
    const { intake, isStorageDown, breaker, bound, urgencyBound, trickle } = this;
    const { rateDueAtMs, pausedUntilAtMs } = this;
    return {
      ...{ intake, isStorageDown, breaker, bound, urgencyBound, trickle, room: 1 },
      ...{ rateDueAtMs, pausedUntilAtMs },
      isParked: (route) => this.isParked(route),
      isSubjectParked: (subject) => this.isSubjectParked(subject),
      probeDueAtMs: (key) => this.probeDueAtMs(key),
    };
  }

  /** Gives a permit; `null` when the asker has to wait until something changes. */
  tryEnter(asker: Asker): Permit | null {
    const { breaker, chart, clock, steady } = this.#parts;
    const nowMs = clock.monotonic();
    if (!this.#isOpenTo(asker, nowMs) && !this.#answer(asker, nowMs).may) return null;
    const { generation, mode } = breaker.decision;
    let probeId: string | null = null;
    if (mode === 'probe') {
      this.#probesAsked += 1;
      probeId = `probe-${generation}-${this.#probesAsked}`;
      if (!breaker.requestProbe(probeId)) return null;
      this.#probesOut += 1;
    }
    if (!chart.isMade) chart.make(this.#meter.kept());
    this.#bucket?.take(steady.now());
    this.#pause.took(nowMs);
    // Who is next takes no slot that another wants.
    const isBehind = asker.isShare === true || asker.urgency > this.urgencyBound;
    const isShare = isBehind && asker.isNext !== true;
    this.#inFlight += 1;
    if (isShare) this.#sharesInFlight += 1;
    const { probeOf = null } = asker;
    if (probeOf !== null) this.types.probeBegan(probeOf);
    const permit = new SlotPermit(this, this.#meter, generation, probeId, isShare, probeOf);
    this.#meter.begin(nowMs, permit);
    return permit;
  }

  /** Notes that the permit is for a call of this operation. */
  held(permit: Permit, call: TypedCall): void {
    if (!(permit instanceof SlotPermit)) return;
    permit.holder = call;
    this.#crowding.began(call.route, permit);
    // When it was tried is asked only where something fails.
    if (this.#isDown || this.types.isTroubled)
      this.types.began(call, this.#parts.clock.monotonic());
  }

  /**
   * Begins the call of this permit; until then its holder waited for a write, which is no time of the upstream's. Left
   * out where the call began when the permit was given.
   *
   * @param nowMs what the monotonic clock reads
   * @returns false where the upstream has gone down since: the call is not made, and the permit goes back as
   *   {@link UNUSED}
   */
  began(permit: Permit, nowMs: number): boolean {
    if (!(permit instanceof SlotPermit) || permit.state !== 'inFlight') return true;
    const { decision } = this.#parts.breaker;
    if (permit.generation !== decision.generation && decision.mode !== 'pass') return false;
    permit.meter.beganLate(permit, nowMs);
    return true;
  }

  /**
   * Counts how a call went before its permit comes back: it has timed out, and its handler has not returned.
   * {@link leave} follows; what that says of the call is not counted again.
   */
  tell(permit: Permit, report: CallReport): CallVerdict {
    if (!(permit instanceof SlotPermit) || permit.state !== 'inFlight') return NO_VERDICT;
    const { clock } = this.#parts;
    const nowMs = clock.monotonic();
    const isApart = this.#isApart(permit, report);
    const news = permit.meter.tell(permit, isApart ? SILENT : report, nowMs);
    return isApart
      ? this.#ends.learnApart(permit, report, nowMs)
      : this.#ends.learn(permit, report, nowMs, news);
  }

  /** The upstream has asked for a pause, which is kept: a rate is not learned of it. */
  #isAskedToWait(permit: SlotPermit, { sign, retryAfterMs }: CallReport, nowMs: number): boolean {
    const { holder, beganAtMs } = permit;
    if (holder === null || permit.probeId !== null) return false;
    if (sign === 'answered' && this.#pause.answered(holder, beganAtMs, nowMs)) this.changeSoon();
    if (sign !== 'pushedBack' || retryAfterMs === undefined) return false;
    const isOneType = this.types.size <= 1;
    this.#pause.pushedBack(holder, { retryAfterMs, beganAtMs, nowMs, isOneType });
    return this.#pause.isOn(nowMs);
  }

  #toSteady(atMs: number): number {
    const { clock, steady } = this.#parts;
    return steady.now() + (atMs - clock.monotonic());
  }

  /** Whether a call failed and nothing but its type or its subject is to blame: others succeed. */
  #isApart({ holder, probeId }: SlotPermit, report: CallReport): boolean {
    if (holder === null || probeId !== null) return false;
    if (!this.types.isParked(holder.route, holder.subject)) return false;
    return resultOf(report) === 'failure';
  }

  /** Takes a permit back, with how the call went. */
  leave(permit: Permit, report: CallReport): CallVerdict {
    if (!(permit instanceof SlotPermit) || permit.state === 'givenBack' || permit.flow !== this) {
      this.#parts.onError(
        new HoldfastError('HF_INTERNAL', 'A permit was given back that is not out.'),
      );
      return NO_VERDICT;
    }
    const nowMs = this.#parts.clock.monotonic();
    const wasTold = permit.state === 'timedOut';
    this.#inFlight -= 1;
    if (permit.holder !== null) this.#crowding.ended(permit.holder.route, permit, nowMs);
    if (permit.isShare) this.#sharesInFlight -= 1;
    if (permit.probeId !== null) this.#probesOut -= 1;
    const isApart = this.#isApart(permit, report);
    const isAsked = this.#isAskedToWait(permit, report, nowMs);
    let verdict = NO_VERDICT;
    if (wasTold || report === UNUSED) {
      permit.meter.returnUnused(permit);
      if (report === UNUSED) this.#bucket?.giveBack(nowMs - permit.beganAtMs);
      if (permit.probeId !== null && !wasTold) this.#ends.tellProbe(permit, report);
    } else {
      const news = permit.meter.end(permit, isApart || isAsked ? SILENT : report, nowMs);
      verdict = isApart
        ? this.#ends.learnApart(permit, report, nowMs)
        : this.#ends.learn(permit, report, nowMs, news);
    }
    if (permit.probeOf !== null)
      this.types.probeEnded(permit.probeOf, this.#flow, nowMs, this.#parts.random.next());
    if (this.#changes.isAwaited && report !== UNUSED) this.#shortage.note();
    else if (this.#shortage.because !== null) this.#shortage.review(this.#meter.reading());
    // Who leaves looks after its own; others that wait here are told, and one that is to run alone.
    if (this.#changes.isAwaited || this.intake === 'isolated') this.changeSoon();
    return verdict;
  }

  /**
   * Tells how a crisis delivery went, which needed no permit (CB-3): one that is delivered proves that the upstream
   * answers; one that fails counts nowhere.
   *
   * @param lastedMs since it was sent: an answer to what was sent before an outage proves nothing
   */
  recordCrisis(report: CallReport, lastedMs = 0): void {
    const { breaker, steady } = this.#parts;
    const nowMs = steady.now();
    this.#bucket?.count(nowMs);
    if (report.sign !== 'answered' || breaker.decision.mode === 'pass') return;
    const { firstFailureAtMs } = breaker.snapshot.context;
    // What was sent before it went down says nothing of now.
    if (firstFailureAtMs !== null && nowMs - lastedMs < firstFailureAtMs) return;
    breaker.send({ type: 'crisis.delivered', atMs: nowMs });
  }

  /** Whether the upstream was down at this instant, the failures that told of it included; by the steady clock. */
  wasOutage(atMs: number): boolean {
    return this.#parts.breaker.wasDownAt(atMs);
  }

  /** Takes up all work, only that of one suspect, or none; none while the store `isHeld`. */
  setIntake(wanted: Intake): void {
    this.#wanted = wanted;
    const intake = this.#isHeld && wanted !== 'stopped' ? 'notStarted' : wanted;
    if (this.intake === intake) return;
    this.intake = intake;
    this.#parts.chart.setIntake(intake, this.#meter.kept());
    if (intake === 'open') this.changeSoon();
  }

  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.setIntake(this.#wanted);
  }

  /** Has `listener` called when more or less may go out than before, and never from within another call here. */
  onChange(listener: () => void): void {
    this.#changes.onChange(listener);
  }

  // Of this process.

  /** Why there are fewer slots than are asked for; `null` where there are enough. */
  get shortage(): Shortage['because'] {
    return this.#shortage.because;
  }

  /** Whether a call was ever made. */
  get isUsed(): boolean {
    return this.#parts.chart.isMade;
  }

  /** Types that are parked by themselves; instants are those of the steady clock. */
  get parkedTypes(): readonly {
    readonly route: string;
    readonly sinceAtMs: number;
    readonly nextTryAtMs: number | null;
  }[] {
    return this.types.parkedTypes.map(({ route, sinceMs, nextTryMs }) => ({
      route,
      sinceAtMs: this.#toSteady(sinceMs),
      nextTryAtMs: nextTryMs === null ? null : this.#toSteady(nextTryMs),
    }));
  }

  /** Subjects that are parked by themselves, together; `null` where none is. By the steady clock. */
  get parkedSubjects(): {
    readonly count: number;
    readonly sinceAtMs: number;
    readonly nextTryAtMs: number | null;
  } | null {
    const aside = this.types.subjectsAside;
    if (aside === null) return null;
    const { count, sinceMs, nextTryMs } = aside;
    return {
      count,
      sinceAtMs: this.#toSteady(sinceMs),
      nextTryAtMs: nextTryMs === null ? null : this.#toSteady(nextTryMs),
    };
  }

  /** For health and the inspector. */
  get reading(): FlowReading {
    return this.#meter.reading();
  }

  get kept(): KeptFlow {
    return this.#meter.kept();
  }

  /** Goes on from what an earlier process found out. Before any permit is out. */
  goOnFrom(flow: KeptFlow | null): void {
    if (flow === null || this.#inFlight > 0) return;
    this.#meter = new FlowMeter(this.#flow, flow);
    this.#isDown = false;
    this.breakerChanged();
  }

  /** Another process ran before this one, which may have used all tokens of the rates (PF-5). */
  startEmpty(): void {
    const nowMs = this.#parts.steady.now();
    this.#bucket?.empty(nowMs);
    this.#parts.rates.startEmpty(nowMs);
  }

  /** Goes on by another policy; calls that are out end as they began. */
  change(flow: FlowPolicy, rate: RateLimit | null): void {
    this.#flow = flow;
    this.#meter.change(flow);
    if (rate === null) this.#bucket = null;
    else if (this.#bucket === null) this.#bucket = new TokenBucket(rate);
    else this.#bucket.change(rate, this.#parts.steady.now());
    this.changeSoon();
  }

  /** The breaker's decision is another: flow meter and scheduler hear of an outage's begin and end. */
  breakerChanged(): void {
    this.#meter.allow(FAILURE_RUNS[this.#parts.breaker.snapshot.value] ?? 'act');
    const isDown = this.breaker.mode !== 'pass';
    if (isDown !== this.#isDown) {
      this.#isDown = isDown;
      this.#ends.breakerChanged();
      const { chart, clock } = this.#parts;
      const nowMs = clock.monotonic();
      if (isDown) {
        this.#meter.outageBegan(nowMs);
        this.types.wentDown(nowMs);
      } else {
        this.#meter.outageEnded(nowMs);
        this.types.cameUp();
      }
      chart.outage(isDown, this.#meter.kept());
      this.#shortage.forget();
    }
    this.changeSoon();
  }

  /** Tells that more or less may go out than before, after the event that caused it. */
  changeSoon(): void {
    this.#changes.soon();
  }

  stop(): void {
    this.#changes.stop();
  }

  /** What the table answers where nothing stands against it: as cheap as the hot path needs it (CB-5). */
  #isOpenTo({ urgency, isCall, isShare, route, subject }: Asker, nowMs: number): boolean {
    return (
      this.intake === 'open' &&
      !this.types.isParked(route, subject) &&
      this.#parts.breaker.decision.mode === 'pass' &&
      urgency <= this.urgencyBound &&
      isShare !== true &&
      this.#bucket === null &&
      !this.#pause.isOn(nowMs) &&
      this.#inFlight < this.#flow.slotsMax &&
      (isCall === true || !this.#parts.storage.isDown) &&
      this.#meter.room(nowMs) > 0
    );
  }
}
