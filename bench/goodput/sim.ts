/**
 * A client in miniature that does a drill by the product's flow meter and policies, without store, charts
 * or promises: to tune them in seconds, and to tell what the algorithm can do from what the runtime does.
 *
 * @module
 */

import type { CallReport, CallSign, CallStamp } from '../../machines/policy/flow/callReport.ts';
import { FlowMeter } from '../../machines/policy/flow/flowMeter.ts';
import type { FlowNews } from '../../machines/policy/flow/flowNews.ts';
import { checkFlowPolicy, type FlowPolicy } from '../../machines/policy/flow/flowPolicy.ts';
import { AskedPause } from '../../machines/policy/flow/rateLimits.ts';
import { probeGapMs, probesAtOnce } from '../../machines/policy/flow/recoveryPace.ts';
import {
  failuresOfNoChance,
  type TypedCall,
  TypeTrials,
} from '../../machines/policy/flow/typeTrials.ts';
import type { Failure } from '../../machines/policy/retry/classifyFailure.ts';
import {
  DEFAULT_RETRY,
  retryDelayMs,
  spendsAttempt,
  waitsAsAfter,
} from '../../machines/policy/retry/retryPolicy.ts';
import type { Random } from '../../machines/vocabulary/clock.ts';
import { ofClass, TIERS, urgencyOf } from '../../machines/vocabulary/urgency.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import type { Answer, CallRecord, Drill, Job } from './drill.ts';
import type { ServerModel } from './server.ts';
import { SimClock } from './simClock.ts';

/** How a request ended. */
export interface Ended {
  readonly job: Job;
  readonly atMs: number;
  readonly isCompleted: boolean;
}

export interface SimRun {
  readonly ended: readonly Ended[];
  readonly calls: readonly CallRecord[];
  /** What the meter told, with the time. */
  readonly news: readonly (FlowNews & { readonly atMs: number })[];
}

/** What a test plants in place of the product's meter. */
export type MeterMaker = (policy: FlowPolicy) => FlowMeter;

interface Work {
  readonly job: Job;
  readonly rank: number;
  attempt: number;
  unspent: number;
  wasSingledOut: boolean;
  delayMs: number | null;
  isInFlight: boolean;
}

const ATTEMPT_TIMEOUT_MS = 10_000;

export interface SimOptions {
  readonly flow?: Partial<FlowPolicy>;
  /** What a test plants in place of what the product has; each for one run. */
  readonly meter?: MeterMaker;
  readonly types?: TypeTrials;
  readonly pause?: AskedPause;
}

/** Runs a drill to its end, or to its cap. Exact for each seed. */
export function simulate(drill: Drill, seed: number, options: SimOptions = {}): SimRun {
  return new Client(drill, seed, options).run();
}

class Client {
  readonly #drill: Drill;
  readonly #clock = new SimClock();
  readonly #server: ServerModel;
  readonly #random: Random;
  readonly #policy: FlowPolicy;
  readonly #meter: FlowMeter;
  readonly #lanes = new Map<string, Work[]>();
  /** Ready to be called, by inherited rank; first come first served within one. */
  readonly #ready: Work[][] = Array.from({ length: 11 }, () => []);
  readonly #ended: Ended[] = [];
  readonly #news: (FlowNews & { atMs: number })[] = [];
  readonly #crises = new Set<Work>();
  readonly #types: TypeTrials;
  readonly #pause: AskedPause;
  /** Of types that are parked. */
  #parked: Work[] = [];
  #typeChanges = 0;
  /** Those that do not fail always: with the last of them it is over. */
  #left = 0;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  // The rules of the breaker's chart.
  #isDown = false;
  #downSinceMs = 0;
  #probeAtMs = 0;
  #probesLeft = 0;
  #probesOut = 0;
  #generation = 0;
  #hadLastSucceeded = true;

  constructor(
    drill: Drill,
    seed: number,
    { flow, meter, types = new TypeTrials(), pause = new AskedPause() }: SimOptions,
  ) {
    this.#drill = drill;
    this.#types = types;
    this.#pause = pause;
    this.#server = drill.server(seed, this.#clock) as ServerModel;
    this.#random = seededRandom(seed);
    this.#policy = checkFlowPolicy(
      { slotsMax: drill.concurrency, timeoutMsMax: ATTEMPT_TIMEOUT_MS, ...flow },
      'flow',
    );
    this.#meter = meter?.(this.#policy) ?? new FlowMeter(this.#policy);
    const jobs = drill.jobs(seed);
    this.#left = jobs.filter((job) => !drill.isPoison(job)).length;
    for (const job of jobs) this.#clock.schedule(job.atMs, () => this.#accept(job));
  }

  run(): SimRun {
    this.#clock.run(this.#drill.capMs, () => this.#left === 0);
    return { ended: this.#ended, calls: this.#server.calls, news: this.#news };
  }

  #accept(job: Job): void {
    const work: Work = {
      job,
      rank: urgencyOf(job.priority, job.tier),
      attempt: 0,
      unspent: 0,
      wasSingledOut: false,
      delayMs: null,
      isInFlight: false,
    };
    if (job.priority === 'crisis') {
      this.#crises.add(work);
      this.#deliver(work);
      return;
    }
    if (job.lane !== null) {
      const lane = this.#lanes.get(job.lane) ?? [];
      this.#lanes.set(job.lane, lane);
      if (lane.push(work) > 1) return;
    }
    this.#offer(work);
    this.#wake(0);
  }

  /** The rank of the most urgent in its lane. */
  #inheritedRank({ job, rank }: Work): number {
    const lane = job.lane === null ? undefined : this.#lanes.get(job.lane);
    return lane === undefined ? rank : Math.min(...lane.map((each) => each.rank));
  }

  #offer(work: Work): void {
    if (this.#types.isParked(work.job.type)) this.#parked.push(work);
    else this.#ready[this.#inheritedRank(work)]?.push(work);
  }

  #wake(inMs: number): void {
    const atMs = this.#clock.monotonic() + inMs;
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.#clock.schedule(inMs, () => {
      if (this.#wakeAtMs !== atMs) return;
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#pump();
    });
  }

  #pump(): void {
    const nowMs = this.#clock.monotonic();
    if (this.#isDown && nowMs >= this.#probeAtMs && this.#probesOut === 0) {
      this.#probesLeft = probesAtOnce(this.#policy, this.#meter.usualFailureShare);
      this.#probeAtMs = Number.POSITIVE_INFINITY;
    }
    this.#sort();
    this.#probeParked(nowMs);
    for (;;) {
      const isProbe = this.#isDown;
      if ((isProbe ? this.#probesLeft : this.#meter.room(nowMs)) < 1) break;
      const pausedMs = isProbe ? null : this.#pause.dueMs(nowMs);
      if (pausedMs !== null) {
        this.#wake(pausedMs - nowMs);
        return;
      }
      const work = isProbe ? this.#toProbe() : this.#ready.find((all) => all.length > 0)?.shift();
      if (work === undefined) return;
      if (isProbe) {
        this.#probesLeft -= 1;
        this.#probesOut += 1;
      }
      this.#start(work, isProbe);
    }
    if (this.#isDown) {
      if (this.#probeAtMs !== Number.POSITIVE_INFINITY) this.#wake(this.#probeAtMs - nowMs);
      return;
    }
    const { untilAtMs } = this.#meter.bound(nowMs);
    if (untilAtMs !== null) this.#wake(Math.max(0.01, untilAtMs - nowMs));
  }

  /** What is parked stands apart, and comes back once it is not. */
  #sort(): void {
    if (this.#types.changes === this.#typeChanges) return;
    this.#typeChanges = this.#types.changes;
    const all = [...this.#parked, ...this.#ready.flat()];
    this.#parked = [];
    for (const queue of this.#ready) queue.length = 0;
    for (const work of all) this.#offer(work);
  }

  #probeParked(nowMs: number): void {
    for (const route of this.#types.parked.keys()) {
      const tryMs = this.#types.nextTryMs(route);
      if (tryMs === null || this.#isDown || this.#meter.room(nowMs) < 1) continue;
      const at = this.#parked.findIndex(({ job }) => job.type === route);
      const work = this.#parked[at];
      if (work === undefined) continue;
      if (tryMs > nowMs) {
        this.#wake(tryMs - nowMs);
        continue;
      }
      this.#parked.splice(at, 1);
      this.#types.probeBegan(route);
      this.#start(work, false);
    }
  }

  /** Whom the next probe of an upstream that is down goes to. */
  #toProbe(): Work | undefined {
    const waiting = [...this.#ready.flat(), ...this.#parked];
    const routes = [...new Set(waiting.map(({ job }) => job.type))];
    const [next = []] = this.#types.order(routes);
    const found = waiting.find(({ job }) => next.includes(job.type));
    for (const queue of [...this.#ready, this.#parked]) {
      const at = found === undefined ? -1 : queue.indexOf(found);
      if (at >= 0) queue.splice(at, 1);
    }
    return found;
  }

  #start(work: Work, isProbe: boolean): void {
    const nowMs = this.#clock.monotonic();
    this.#types.began(callOf(work), nowMs);
    this.#pause.took(nowMs);
    const stamp = this.#meter.begin(nowMs);
    const generation = this.#generation;
    work.isInFlight = true;
    this.#call(work, this.#meter.timeoutMs, (answer) => {
      work.isInFlight = false;
      this.#reported(work, stamp, { isProbe, generation }, answer);
      this.#pump();
    });
  }

  #call(
    { job, attempt }: Work,
    timeoutMs: number,
    end: (answer: Answer | 'timedOut') => void,
  ): void {
    let cancel = (): void => undefined;
    const giveUp = this.#server.begin({ ...job, attempt: attempt + 1 }, (answer) => {
      cancel();
      end(answer);
    });
    cancel = this.#clock.schedule(timeoutMs, () => {
      giveUp();
      end('timedOut');
    });
  }

  #reported(
    work: Work,
    stamp: CallStamp,
    call: { readonly isProbe: boolean; readonly generation: number },
    answer: Answer | 'timedOut',
  ): void {
    const nowMs = this.#clock.monotonic();
    const report = reportOf(answer);
    const isAnswer = report.sign === 'answered' || report.sign === 'pushedBack';
    const isApart =
      !call.isProbe && !isAnswer && this.#types.isParked(work.job.type) && report.sign !== 'silent';
    const isAsked = !call.isProbe && this.#isAsked(work, stamp, report, nowMs);
    const told: CallReport = isApart || isAsked ? { sign: 'silent' } : report;
    const news = this.#meter.end(stamp, told, nowMs);
    this.#learnOfType(work, stamp, report, nowMs);
    if (news !== null) this.#hear(news, nowMs);
    const wasDown = this.#isDown;
    if (call.isProbe && call.generation === this.#generation) this.#probed(isAnswer, nowMs);
    const isUpstreamWell =
      this.#hadLastSucceeded && !this.#isDown && !wasDown && call.generation === this.#generation;
    if (report.sign === 'answered') {
      this.#hadLastSucceeded = true;
      const isRefused = typeof answer === 'object' && answer.status >= 400;
      this.#end(work, !isRefused);
      return;
    }
    const isDoubted = this.#isDown || wasDown || this.#meter.isDoubted;
    this.#failed(work, failureOfAnswer(answer), isUpstreamWell, isDoubted);
    this.#hadLastSucceeded = false;
  }

  #isAsked(work: Work, { beganAtMs }: CallStamp, report: CallReport, nowMs: number): boolean {
    const { sign, retryAfterMs } = report;
    if (sign === 'answered') this.#pause.answered(callOf(work), beganAtMs, nowMs);
    if (sign !== 'pushedBack' || retryAfterMs === undefined) return false;
    const isOneType = this.#types.size <= 1;
    this.#pause.pushedBack(callOf(work), { retryAfterMs, beganAtMs, nowMs, isOneType });
    return this.#pause.isOn(nowMs);
  }

  #learnOfType(work: Work, { beganAtMs }: CallStamp, { sign }: CallReport, nowMs: number): void {
    const call = callOf(work);
    const after = failuresOfNoChance(this.#policy.surprise, this.#meter.usualFailureShare);
    if (sign === 'answered') this.#types.answered(call, beganAtMs, nowMs);
    else if (sign !== 'pushedBack') this.#types.failed(call, beganAtMs, nowMs, after);
    this.#types.probeEnded(call.route, this.#policy, nowMs, 0.5);
  }

  #hear(news: FlowNews, nowMs: number): void {
    this.#news.push({ ...news, atMs: nowMs });
    if (news.type !== 'outage.detected' || this.#isDown) return;
    this.#isDown = true;
    this.#generation += 1;
    this.#downSinceMs = news.firstFailureAtMs;
    this.#probesLeft = this.#probesOut = 0;
    this.#meter.outageBegan(nowMs);
    this.#types.wentDown(nowMs);
    this.#nextProbe(nowMs);
  }

  #nextProbe(nowMs: number): void {
    const gapMs = probeGapMs(this.#policy, nowMs - this.#downSinceMs, this.#random.next());
    this.#probeAtMs = nowMs + gapMs;
    this.#wake(gapMs);
  }

  #probed(isAnswer: boolean, nowMs: number): void {
    if (!this.#isDown) return;
    this.#probesOut -= 1;
    if (isAnswer) this.#up(nowMs);
    else if (this.#probesOut + this.#probesLeft === 0) this.#nextProbe(nowMs);
  }

  #up(nowMs: number): void {
    this.#isDown = false;
    this.#generation += 1;
    this.#meter.outageEnded(nowMs);
    this.#types.cameUp();
    for (const work of this.#crises) {
      if (!work.isInFlight) this.#deliver(work);
    }
  }

  /** A crisis goes out whatever the flow is, and its success is proof that the upstream is up. */
  #deliver(work: Work): void {
    if (!this.#crises.has(work) || work.isInFlight) return;
    work.isInFlight = true;
    this.#call(work, ATTEMPT_TIMEOUT_MS, (answer) => {
      work.isInFlight = false;
      const nowMs = this.#clock.monotonic();
      if (typeof answer === 'object' && answer.status < 400) {
        this.#crises.delete(work);
        this.#ended.push({ job: work.job, atMs: nowMs, isCompleted: true });
        this.#left -= 1;
        if (this.#isDown) this.#up(nowMs);
        this.#pump();
        return;
      }
      work.attempt += 1;
      const { attempt, delayMs } = work;
      const given = { attempt, draw: this.#random.next(), previousDelayMs: delayMs };
      work.delayMs = retryDelayMs(DEFAULT_RETRY.crisis, { ...given, retryAfterMs: null });
      this.#clock.schedule(work.delayMs, () => this.#deliver(work));
    });
  }

  #failed(work: Work, failure: Failure, isUpstreamWell: boolean, isDoubted: boolean): void {
    const { job } = work;
    const policy = ofClass(DEFAULT_RETRY, job);
    // While it is down a 500 is an answer still: an upstream that gets nothing but poison looks so.
    const isForgiven = isDoubted && failure.status !== 500;
    const isSpent = spendsAttempt(failure, isUpstreamWell, work.wasSingledOut) && !isForgiven;
    work.wasSingledOut = isUpstreamWell && failure.notApplied === true;
    if (isSpent) work.attempt += 1;
    else work.unspent += 1;
    if (isSpent && work.attempt >= policy.attemptsMax) {
      this.#end(work, false);
      return;
    }
    // Order goes by rank, pace by what is paid for: the faster of its own and the inherited tier.
    const inherited = (this.#inheritedRank(work) + TIERS.length - 1) % TIERS.length;
    const tier = TIERS[Math.min(TIERS.indexOf(job.tier), inherited)] ?? job.tier;
    const number = waitsAsAfter(policy, Math.max(1, work.attempt), work.unspent, failure);
    work.delayMs = retryDelayMs(DEFAULT_RETRY[tier], {
      attempt: number,
      draw: this.#random.next(),
      previousDelayMs: work.delayMs,
      retryAfterMs: failure.retryAfterMs ?? null,
    });
    this.#clock.schedule(work.delayMs, () => {
      this.#offer(work);
      this.#wake(0);
    });
  }

  #end(work: Work, isCompleted: boolean): void {
    const { job } = work;
    this.#ended.push({ job, atMs: this.#clock.monotonic(), isCompleted });
    if (!this.#drill.isPoison(job)) this.#left -= 1;
    const lane = job.lane === null ? undefined : this.#lanes.get(job.lane);
    if (lane === undefined) return;
    lane.shift();
    const [head] = lane;
    if (head !== undefined) this.#offer(head);
  }
}

function callOf({ job }: Work): TypedCall {
  return { id: job.key, route: job.type, subject: job.subject };
}

function reportOf(answer: Answer | 'timedOut'): CallReport {
  if (answer === 'timedOut') return { sign: 'timedOut' };
  if (answer === 'refused') return { sign: 'unreachable' };
  if (answer === 'reset') return { sign: 'failed' };
  return { sign: signOf(answer.status), retryAfterMs: answer.retryAfterMs };
}

function signOf(status: number): CallSign {
  if (status === 429) return 'pushedBack';
  if (status === 503) return 'busy';
  return status >= 500 ? 'failed' : 'answered';
}

function failureOfAnswer(answer: Answer | 'timedOut'): Failure {
  const transient = { failureClass: 'transient', message: '' } as const;
  if (answer === 'refused') {
    return { ...transient, code: 'HF_UPSTREAM_UNREACHABLE', notApplied: true };
  }
  if (typeof answer === 'string') {
    return { failureClass: 'unknownOutcome', code: 'HF_OUTCOME_UNKNOWN', message: '' };
  }
  const { status, retryAfterMs } = answer;
  const notApplied = status === 429 || status === 503;
  return { ...transient, code: 'HF_ATTEMPT_FAILED', status, retryAfterMs, notApplied };
}
