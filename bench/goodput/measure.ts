/**
 * What is read off a run: goodput, losses with their explanation, calls too many, and how it recovered.
 *
 * @module
 */

import { TIERS, type Tier, urgencyOf } from '../../machines/vocabulary/urgency.ts';
import { percentile } from '../support.ts';
import type { CallRecord, Job, Outage, Why } from './drill.ts';
import type { Run } from './runs.ts';
import { idleInTail } from './tail.ts';

/** The figures of a run. Shares are in percent, times in milliseconds. */
export interface Figures {
  /** Of what the server could have done until 95 % of the requests were completed. */
  readonly goodputTo95: number;
  /** Of what the server could have done until the last request ended. */
  readonly goodputToEnd: number;
  readonly has95: boolean;
  /**
   * The longest that one of the last 5 % waited for anything but its own backoff, its own calls and its
   * lane, after 95 % were completed.
   */
  readonly tailIdleMs: number | null;
  /** Requests that were given up, the poisoned ones apart. */
  readonly lost: number;
  /** Those of them whose spent attempts did not all fail by the request's own chance. */
  readonly lostUnexplained: readonly string[];
  /** Requests without an ending when the run was stopped. */
  readonly unfinished: number;
  /** Calls beyond the least possible, crises and poison apart. */
  readonly excess: number;
  /** Of the requests that waited when the (first) outage began; `null` without one. */
  readonly outageCalls: number | null;
  readonly recoveries: readonly Recovery[];
  /** The most calls begun in a second after an outage, of what the server can take. */
  readonly peak: number | null;
  readonly order: Order | null;
}

/** What came after one outage. */
export interface Recovery {
  readonly outageMs: number;
  /** From its end to the first success; `null` where none came before the next outage. */
  readonly firstMs: number | null;
  /** From the first success to the first half second with 90 % of what the server could do. */
  readonly fullMs: number | null;
}

/** In which order what waited through the (last) outage was done. */
export interface Order {
  /** Of the priority in which they are closest, as inherited in lanes. */
  readonly premiumP99Ms: number;
  readonly trialP50Ms: number;
  /**
   * Pairs of which the less urgent was done first. Where lanes are kept, a request is as urgent as the
   * most urgent that waits behind it in its lane.
   */
  readonly outOfUrgency: number;
  readonly crisisP50Ms: number | null;
  readonly crisisMaxMs: number | null;
}

/** Completions are looked at in spans of this length. */
const SPAN_MS = 500;
/** A span with so much of what the server could do is full. */
const FULL_SHARE = 0.9;
/** After an outage, calls begun are looked at for so long. */
const RECOVERY_MS = 10_000;
/** A recovery is measured where so many seconds' work is left: what waits for its backoff fills no slot. */
const WORK_S_MIN = 3;
/** Below so many waiting requests nothing is said of the order. */
const WAITING_MIN = 50;
/** Calls that a better system would not have made. */
const AVOIDABLE: readonly Why[] = ['outage', 'overload', 'rate', 'slow', 'repeated'];
/** Calls that had to be made, and the faults that the drill deals out by chance. */
const NEEDED: readonly Why[] = ['ok', 'random', 'stalled'];

export function measure(run: Run): Figures {
  const { drill, jobs, ended } = run;
  const sound = jobs.filter((job) => !drill.isPoison(job));
  const completedAt = completions(run, sound);
  const lost = sound.filter(({ index }) => ended.get(index)?.ending === 'lost');
  const wanted = Math.ceil(0.95 * sound.length);
  const at95Ms = completedAt[wanted - 1];
  const has95 = at95Ms !== undefined;
  const lastMs = Math.max(0, ...sound.map(({ index }) => ended.get(index)?.atMs ?? run.tookMs));
  const could = drill.couldDoBy(lastMs);
  return {
    // Who loses more than that soon must not look fast by it.
    goodputTo95:
      at95Ms === undefined
        ? share(completedAt.length, Math.max(could, wanted))
        : share(wanted, drill.couldDoBy(at95Ms)),
    goodputToEnd: share(completedAt.length, Math.max(could, sound.length)),
    has95,
    tailIdleMs: at95Ms === undefined ? null : idleInTail(run, at95Ms),
    lost: lost.length,
    lostUnexplained: lost.map((job) => whyUnexplained(run, job)).filter((why) => why !== null),
    unfinished: sound.length - completedAt.length - lost.length,
    excess: excessOf(run),
    outageCalls: outageCallsOf(run),
    recoveries: drill.outages
      .map((outage, index) => recoveryOf(run, outage, drill.outages[index + 1]))
      .filter((recovery) => recovery !== null),
    peak: peakOf(run),
    order: orderOf(run, sound),
  };
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(100, (100 * part) / whole);
}

function completions({ ended }: Run, jobs: readonly Job[]): readonly number[] {
  return jobs
    .flatMap(({ index }) => {
      const end = ended.get(index);
      return end?.ending === 'completed' ? [end.atMs] : [];
    })
    .toSorted((a, b) => a - b);
}

/**
 * Why a lost request was not lost by its own attempts alone, or `null`. Its spent attempts are told by
 * their numbers: of the calls that bear one number the last spent it, those before it spent nothing.
 */
function whyUnexplained({ calls, drill }: Run, job: Job): string | null {
  const last = new Map<number, CallRecord>();
  for (const call of calls) if (call.key === job.key) last.set(call.attempt, call);
  const bad = [...last.values()].find(
    (call) => !NEEDED.includes(call.why) || outageAt(drill.outages, call.beganAtMs) !== undefined,
  );
  if (last.size === 0) return `${job.key}: lost without a call`;
  if (bad === undefined) return null;
  return `${job.key}: attempt ${bad.attempt} was spent at ${(bad.beganAtMs / 1_000).toFixed(2)} s by ${bad.why}`;
}

function outageAt(outages: readonly Outage[], atMs: number): Outage | undefined {
  return outages.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
}

function excessOf(run: Run): number {
  const exempt = new Set(
    run.jobs
      .filter((job) => job.priority === 'crisis' || run.drill.isPoison(job))
      .map(({ key }) => key),
  );
  const counted = run.calls.filter(({ key }) => !exempt.has(key));
  const needed = counted.filter(({ why }) => NEEDED.includes(why)).length;
  const avoidable = counted.filter(({ why }) => AVOIDABLE.includes(why)).length;
  return needed === 0 ? 0 : (100 * avoidable) / needed;
}

function isCrisisOf(run: Run): (key: string) => boolean {
  const crises = new Set(
    run.jobs.filter(({ priority }) => priority === 'crisis').map((j) => j.key),
  );
  return (key) => crises.has(key);
}

/** Calls begun in outages, crises apart, of what waited at the first one's beginning. */
function outageCallsOf(run: Run): number | null {
  const { drill, jobs, ended, calls } = run;
  const first = drill.outages[0];
  if (first === undefined) return null;
  const isCrisis = isCrisisOf(run);
  const waiting = jobs.filter(
    ({ index }) => (ended.get(index)?.atMs ?? Number.POSITIVE_INFINITY) > first.fromMs,
  ).length;
  const begun = calls.filter(
    ({ key, beganAtMs }) => !isCrisis(key) && outageAt(drill.outages, beganAtMs) !== undefined,
  ).length;
  return waiting === 0 ? 0 : (100 * begun) / waiting;
}

function recoveryOf(run: Run, outage: Outage, next: Outage | undefined): Recovery | null {
  const untilMs = Math.min(next?.fromMs ?? Number.POSITIVE_INFINITY, run.tookMs);
  if (!isWorkLeft(run, outage) || untilMs <= outage.toMs) return null;
  const oks = run.calls
    .flatMap(({ why, endedAtMs }) => (why === 'ok' && endedAtMs !== null ? [endedAtMs] : []))
    .filter((atMs) => atMs >= outage.toMs && atMs < untilMs)
    .toSorted((a, b) => a - b);
  const outageMs = outage.toMs - outage.fromMs;
  const first = oks[0];
  if (first === undefined) return { outageMs, firstMs: null, fullMs: null };
  const full = oks.find((atMs, at) => {
    const end = atMs + SPAN_MS;
    if (end > untilMs) return false;
    const could = run.drill.couldDoBy(end) - run.drill.couldDoBy(atMs);
    const done = oks.findIndex((later) => later > end);
    return (done < 0 ? oks.length : done) - at >= FULL_SHARE * could;
  });
  return {
    outageMs,
    firstMs: first - outage.toMs,
    fullMs: full === undefined ? null : full - first,
  };
}

/** Whether enough work was left at the end of an outage to see how fast it goes on. */
function isWorkLeft({ drill, jobs, ended }: Run, { toMs }: Outage): boolean {
  const left = jobs.filter(
    ({ index, atMs }) => atMs <= toMs && (ended.get(index)?.atMs ?? drill.capMs) > toMs,
  ).length;
  return left >= WORK_S_MIN * drill.perSecond;
}

/** Crises apart: they ask nobody (CB-3). */
function peakOf(run: Run): number | null {
  const { drill, calls } = run;
  const outages = drill.outages.filter((outage) => isWorkLeft(run, outage));
  if (outages.length === 0) return null;
  const isCrisis = isCrisisOf(run);
  let most = 0;
  for (const outage of outages) {
    // What begins as the next outage does is no recovery.
    const nextMs = drill.outages.find(({ fromMs }) => fromMs >= outage.toMs)?.fromMs;
    const untilMs = Math.min(outage.toMs + RECOVERY_MS, nextMs ?? Number.POSITIVE_INFINITY);
    const begun = calls
      .filter(({ key }) => !isCrisis(key))
      .map(({ beganAtMs }) => beganAtMs)
      .filter((atMs) => atMs >= outage.toMs && atMs < untilMs);
    for (let from = 0, to = 0; to < begun.length; to += 1) {
      while ((begun[to] ?? 0) - (begun[from] ?? 0) >= 1_000) from += 1;
      most = Math.max(most, to - from + 1);
    }
  }
  return (100 * most) / drill.perSecond;
}

function orderOf(run: Run, sound: readonly Job[]): Order | null {
  const outage = run.drill.outages.at(-1);
  if (outage === undefined || run.drill.outages.length > 1) return null;
  const endOf = ({ index }: Job): number => run.ended.get(index)?.atMs ?? run.drill.capMs;
  const waited = sound.filter((job) => job.atMs < outage.toMs && endOf(job) >= outage.toMs);
  if (waited.length < WAITING_MIN) return null;
  const ranked = run.keepsLanes
    ? inherited(waited)
    : waited.map((job) => [job, urgencyIn(job)] as const);
  const times = (isWanted: (job: Job, rank: number) => boolean): number[] =>
    ranked.filter(([job, rank]) => isWanted(job, rank)).map(([job]) => endOf(job) - outage.toMs);
  const crises = times(({ priority }) => priority === 'crisis');
  const closest = TIERS.map((_tier, priority) => {
    // A rank is its priority's, then its tier's.
    const timesOf = (tier: Tier): number[] =>
      times((_job, rank) => rank === priority * TIERS.length + TIERS.indexOf(tier) + 1);
    return {
      premiumP99Ms: percentile(timesOf('premium'), 0.99),
      trialP50Ms: percentile(timesOf('trial'), 0.5),
    };
  })
    .filter((both) => !Number.isNaN(both.premiumP99Ms - both.trialP50Ms))
    .toSorted((a, b) => a.trialP50Ms - a.premiumP99Ms - (b.trialP50Ms - b.premiumP99Ms))[0];
  return {
    ...(closest ?? { premiumP99Ms: Number.NaN, trialP50Ms: Number.NaN }),
    outOfUrgency: pairsOutOf(ranked, endOf),
    crisisP50Ms: crises.length === 0 ? null : percentile(crises, 0.5),
    crisisMaxMs: crises.length === 0 ? null : Math.max(...crises),
  };
}

function urgencyIn({ priority, tier }: Job): number {
  return urgencyOf(priority, tier);
}

/** Each with the most urgent rank of those from it on in its lane. */
function inherited(waited: readonly Job[]): readonly (readonly [Job, number])[] {
  const behind = new Map<string, number>();
  return waited.toReversed().map((job) => {
    const own = urgencyIn(job);
    if (job.lane === null) return [job, own] as const;
    const rank = Math.min(own, behind.get(job.lane) ?? own);
    behind.set(job.lane, rank);
    return [job, rank] as const;
  });
}

function pairsOutOf(
  waited: readonly (readonly [Job, number])[],
  endOf: (job: Job) => number,
): number {
  let pairs = 0;
  let wrong = 0;
  const sorted = waited.toSorted(([a], [b]) => endOf(a) - endOf(b));
  /** How many of each urgency are done so far. */
  const done: number[] = [];
  for (const [, urgency] of sorted) {
    for (const [other = 0, count] of done.entries()) {
      if (count === undefined || other === urgency) continue;
      pairs += count;
      if (other > urgency) wrong += count;
    }
    done[urgency] = (done[urgency] ?? 0) + 1;
  }
  return pairs === 0 ? 0 : (100 * wrong) / pairs;
}
