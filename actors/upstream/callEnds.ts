/**
 * What the ends of calls tell flow meter, breaker and scheduler of one upstream (CB-1, RT-1).
 *
 * @module
 */

import { typeOfRoute } from '../../machines/operation/position.ts';
import type { TripCounter } from '../../machines/policy/breaker/tripRules.ts';
import type { CallReport } from '../../machines/policy/flow/callReport.ts';
import type { FlowNews } from '../../machines/policy/flow/flowNews.ts';
import { TypeTrials } from '../../machines/policy/flow/typeTrials.ts';
import { flowNumbers } from '../facts/counts.ts';
import type { Facts } from '../facts/factStream.ts';
import { type CallVerdict, NO_VERDICT } from '../operation/flowControl.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { Breaker, ProbeEnd } from './breaker.ts';
import type { SchedulerChart } from './schedulerChart.ts';
import type { Shortage } from './shortage.ts';
import type { SlotPermit } from './slotPermit.ts';

interface CallEndsParts {
  readonly upstream: string;
  readonly breaker: Breaker;
  readonly chart: SchedulerChart;
  readonly steady: SteadyClock;
  readonly facts: Facts;
  readonly types: TypeTrials;
  /** So many failures of a type one after the other are no chance. */
  readonly failuresOfNoChance: () => number;
}

const WELL: CallVerdict = Object.freeze({ isUpstreamWell: true, isDoubted: false });
const WELL_IN_DOUBT: CallVerdict = Object.freeze({ isUpstreamWell: true, isDoubted: true });
const IN_DOUBT: CallVerdict = Object.freeze({ isUpstreamWell: false, isDoubted: true });

export class CallEnds {
  readonly #parts: CallEndsParts;
  readonly #shortage: Shortage;
  readonly #onChange: () => void;
  #probesFailed = 0;
  /** How the last call of any operation ended; nothing is known of an earlier process. */
  #hasLastSucceeded = false;
  /** The routes of what was told to be parked, by its key. */
  readonly #parked = new Map<string, string>();

  constructor(parts: CallEndsParts, shortage: Shortage, onChange: () => void) {
    this.#parts = parts;
    this.#shortage = shortage;
    this.#onChange = onChange;
  }

  /** Probes that have failed since the breaker tripped. */
  get probesFailed(): number {
    return this.#probesFailed;
  }

  /** An outage has begun or ended. */
  breakerChanged(): void {
    this.#probesFailed = 0;
  }

  /** What the end of a call says of the upstream. */
  learn(permit: SlotPermit, report: CallReport, nowMs: number, news: FlowNews | null): CallVerdict {
    const { breaker } = this.#parts;
    const { sign } = report;
    this.learnOfType(permit, report, nowMs);
    if (permit.probeId !== null) this.tellProbe(permit, report, nowMs - permit.beganAtMs);
    else if (sign !== 'silent' && breaker.counter !== null)
      this.#count(breaker.counter, permit, report, nowMs);
    if (news !== null) this.#hear(news, permit, report, nowMs);
    const hadLastSucceeded = this.#hasLastSucceeded;
    if (sign !== 'silent') this.#hasLastSucceeded = sign === 'answered';
    return this.#verdict(permit, hadLastSucceeded);
  }

  /** A call of a type that is parked has failed: that says nothing of the upstream. */
  learnApart(permit: SlotPermit, report: CallReport, nowMs: number): CallVerdict {
    this.learnOfType(permit, report, nowMs);
    return this.#verdict(permit, this.#hasLastSucceeded);
  }

  /** What it says of its type. */
  learnOfType({ holder, beganAtMs }: SlotPermit, { sign }: CallReport, nowMs: number): void {
    if (holder === null || sign === 'silent' || sign === 'pushedBack') return;
    const { types, breaker, failuresOfNoChance } = this.#parts;
    const { changes } = types;
    if (sign === 'answered') types.answered(holder, beganAtMs, nowMs);
    // While a person holds the breaker nothing is parked: each failure is its operation's own.
    else if (breaker.decision.mode !== 'pass' || breaker.snapshot.value === 'closed')
      types.failed(holder, beganAtMs, nowMs, failuresOfNoChance());
    if (types.changes === changes) return;
    this.#tellParked();
    this.#onChange();
  }

  /** Tells which types and subjects are parked from now on, and which no longer. */
  #tellParked(): void {
    const { types, facts, upstream } = this.#parts;
    const tell = (key: string, route: string, isParked: boolean): void => {
      const what = TypeTrials.subjectOf(key) === null ? 'type' : 'subject';
      facts.emit('parking.changed', upstream, what, typeOfRoute(route), isParked);
    };
    for (const [key, route] of this.#parked) {
      if (types.parked.has(key)) continue;
      this.#parked.delete(key);
      tell(key, route, false);
    }
    for (const key of types.parked.keys()) {
      if (this.#parked.has(key)) continue;
      const route = types.routeOf(key);
      this.#parked.set(key, route);
      tell(key, route, true);
    }
  }

  #verdict(permit: SlotPermit, hadLastSucceeded: boolean): CallVerdict {
    const { breaker } = this.#parts;
    // What began before a change of the breaker, and ended after it, lived through an outage.
    const { generation, mode } = breaker.decision;
    const isSame = permit.generation === generation && mode === 'pass';
    const isDoubted = !isSame || permit.meter.isDoubted;
    if (hadLastSucceeded && isSame) return isDoubted ? WELL_IN_DOUBT : WELL;
    return isDoubted ? IN_DOUBT : NO_VERDICT;
  }

  /** How a probe has ended, or that it says nothing. */
  tellProbe(
    { probeId, generation }: SlotPermit,
    { sign, retryAfterMs }: CallReport,
    tookMs = 0,
  ): void {
    let end: ProbeEnd = 'failed';
    if (sign === 'silent') end = 'ignored';
    // It is there, and says how much it takes.
    else if (sign === 'answered' || sign === 'pushedBack') end = 'succeeded';
    if (end === 'failed' && generation === this.#parts.breaker.decision.generation)
      this.#probesFailed += 1;
    this.#parts.breaker.tellProbe(probeId ?? '', generation, end, retryAfterMs, tookMs);
  }

  #count(
    counter: TripCounter,
    { generation, beganAtMs }: SlotPermit,
    { sign, retryAfterMs }: CallReport,
    nowMs: number,
  ): void {
    const { breaker } = this.#parts;
    if (generation !== breaker.decision.generation || !breaker.decision.recordsResults) return;
    const failed = sign !== 'answered' && sign !== 'pushedBack';
    const trip = counter.record({ failed, beganAtMs, endedAtMs: nowMs });
    if (trip === null) return;
    const firstFailureAtMs = this.#toSteady(trip.firstFailureAtMs, nowMs);
    this.#detect({ generation, cause: trip.cause, firstFailureAtMs, probes: 1, retryAfterMs });
  }

  #hear(
    news: FlowNews,
    { generation, meter }: SlotPermit,
    { retryAfterMs }: CallReport,
    nowMs: number,
  ): void {
    const { chart, facts } = this.#parts;
    if (news.type === 'outage.detected') {
      const firstFailureAtMs = this.#toSteady(news.firstFailureAtMs, nowMs);
      const { probes } = news;
      this.#detect({ generation, cause: 'surprise', firstFailureAtMs, probes, retryAfterMs });
      return;
    }
    const before = chart.context?.ratePerSecond ?? null;
    chart.news(news, meter.kept());
    facts.emit('flow.changed', this.#parts.upstream, news.type, flowNumbers(news, before));
    this.#shortage.review(meter.reading());
    this.#onChange();
  }

  #detect(detection: Parameters<Breaker['detect']>[0]): void {
    const { breaker, facts } = this.#parts;
    const { tripsObserved } = breaker.snapshot.context;
    breaker.detect(detection);
    if (breaker.snapshot.context.tripsObserved === tripsObserved) return;
    const none = { from: null, to: null, because: null };
    facts.emit('flow.changed', this.#parts.upstream, 'outage.observed', none);
  }

  #toSteady(atMs: number, nowMs: number): number {
    return Math.floor(this.#parts.steady.now() - (nowMs - atMs));
  }
}
