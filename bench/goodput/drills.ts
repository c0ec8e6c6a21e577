/**
 * The drills of goodput: an upstream in trouble of one kind, and the requests it is sent.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { PRIORITIES, TIERS, type Tier } from '../../machines/vocabulary/urgency.ts';
import { couldDo } from './couldDo.ts';
import type { Drill, Job, Outage } from './drill.ts';
import { type FaultKind, ServerModel, type ServerPlan } from './server.ts';

/** A drill as it is written down. */
export interface DrillPlan {
  readonly name: string;
  readonly what: string;
  /** Why a figure of it stays under its bar, where one does: printed beside it. */
  readonly under?: string;
  readonly requests: number;
  /** Requests that are handed in each second; default all are queued at the start. */
  readonly arrivePerSecond?: number;
  readonly concurrency: number;
  readonly lanes: number;
  /** Requests with priority crisis, spread over the others. */
  readonly crises?: number;
  /** Each lane begins with so many requests of the least urgent rank; the others are of the most urgent. */
  readonly unurgentHeads?: number;
  readonly server: ServerPlan;
  /** Share of the requests that fail always. */
  readonly poison?: {
    readonly by: 'type' | 'subject';
    readonly oneIn: number;
    /** They are handed in before the others. */
    readonly isFirst?: boolean;
  };
  readonly capMs?: number;
  readonly isOnLoopback?: boolean;
}

const MIXED: readonly FaultKind[] = [500, 500, 500, 503, 503, 'reset', 'reset'];
const MIXED_AND_LIMITED: readonly FaultKind[] = [500, 500, 503, 503, 'reset', 'reset', 429];
const MINUTE_MS = 60_000;

/** 60 calls a second by 6 workers that take 100 ms. */
const SMALL = { perSecond: 60, workMs: 100 };
const USUAL = { requests: 540, concurrency: 32, lanes: 180 };

const every = (periodMs: number, lengthMs: number): readonly Outage[] =>
  Array.from({ length: 150 }, (_, index) => {
    const fromMs = (index + 1) * periodMs;
    return { fromMs, toMs: fromMs + lengthMs };
  });

const NO_QUEUE =
  'One call more than its workers is slower and refused in part, one less leaves a worker idle: a start, each change of its workers and each look whether it bears more cost goodput.';
const CALL_MORE =
  'Each second slots open for a twentieth of the calls that it does in one, beyond what is worked on, and a call lasts up to a fifth shorter than another.';

const errors = (percent: number): DrillPlan => ({
  name: `a${percent}`,
  what: `${percent} % of the calls fail (500, 503, lost connections)`,
  ...USUAL,
  requests: 1_200,
  lanes: 400,
  server: { ...SMALL, faultShare: percent / 100, faultKinds: MIXED },
  isOnLoopback: percent === 35,
});

const overload = (
  name: string,
  perSecond: number,
  requests: number,
  overloadFrom = 2,
): DrillPlan => ({
  name,
  what: `loses half of its workers for 6 s; slower and failing beyond ${overloadFrom} calls a worker`,
  ...(overloadFrom === 1 ? { under: NO_QUEUE } : {}),
  requests,
  concurrency: perSecond / 2,
  lanes: requests / 4,
  server: {
    perSecond,
    workMs: 80,
    overloadFrom,
    phases: [
      { fromMs: 4_000, share: 0.5 },
      { fromMs: 10_000, share: 1 },
    ],
  },
  isOnLoopback: name === 'd',
});

const outagePlan = (name: string, outageMs: number, rest: Partial<DrillPlan>): DrillPlan => ({
  name,
  what: `refuses every connection for ${outageMs / 1000} s`,
  ...USUAL,
  ...rest,
  server: { ...(rest.server ?? SMALL), outages: [{ fromMs: 3_000, toMs: 3_000 + outageMs }] },
  capMs: outageMs * 1.2 + 4 * MINUTE_MS,
});

/** The drills as data. */
export const DRILL_PLANS: readonly DrillPlan[] = [
  { name: 'healthy', what: 'nothing is wrong', ...USUAL, server: SMALL },
  ...[10, 20, 35, 50].map(errors),
  {
    name: 'b',
    what: 'flapping: refuses every connection for 0.9 s, every 4 s',
    under:
      'The last requests meet one more outage of 0.9 s, and after each the calls of 100 ms differ by a fifth.',
    ...USUAL,
    requests: 600,
    server: { ...SMALL, outages: every(4_000, 900) },
    isOnLoopback: true,
  },
  {
    name: 'b35',
    what: 'flapping, and 35 % of the calls fail in every way there is',
    ...USUAL,
    requests: 2_000,
    lanes: 1_000,
    under:
      'Where 35 % fail, 11 failures in a row tell of an outage and two probes go out at once: some 20 calls for each of 18 outages of 0.9 s.',
    server: {
      ...SMALL,
      faultShare: 0.32,
      faultKinds: MIXED_AND_LIMITED,
      stallShare: 0.03,
      outages: every(4_000, 900),
    },
    isOnLoopback: true,
  },
  outagePlan('c', 30_000, {
    under:
      'Some 40 probes find within 7 % of its length that it is over, and 5 to 10 calls tell of its onset: about 50 of 5,000 that wait.',
    requests: 5_000,
    concurrency: 64,
    lanes: 1_250,
    server: { perSecond: 200, workMs: 100 },
  }),
  outagePlan('c2', 10_000, { under: CALL_MORE, requests: 1_200, lanes: 300, isOnLoopback: true }),
  overload('d', 150, 2_400),
  overload('d300', 300, 4_800),
  overload('d1', 150, 2_400, 1),
  overload('d1-300', 300, 4_800, 1),
  {
    ...outagePlan('onset', 30_000, {
      requests: 5_500,
      concurrency: 32,
      lanes: 1_375,
      server: { perSecond: 32, workMs: 1_000, spread: 'half', sparesInFlight: true },
    }),
    what: 'refuses for 30 s at once, while what was in flight is answered for 1.5 s more',
    under:
      'An answer takes a second by itself: the first cannot come sooner, and two seconds are two round trips, from a third of the slots to all of them. It works on 32 calls of 0.5 to 1.5 s, of which up to 45 begin in a second. The last 5 % of the requests are nine seconds of its work.',
  },
  {
    name: 'coldhang',
    what: 'answers nothing for its first 30 s',
    under: CALL_MORE,
    ...USUAL,
    requests: 2_000,
    lanes: 1_000,
    server: {
      perSecond: 100,
      workMs: 100,
      outages: [{ fromMs: 0, toMs: 30_000 }],
      outageAnswer: 'stalled',
    },
  },
  {
    name: 'e',
    what: 'answers 429 beyond 40 calls a second, without Retry-After',
    ...USUAL,
    requests: 600,
    server: { perSecond: 400, workMs: 50, limit: { perSecond: 40, burst: 20 } },
    isOnLoopback: true,
  },
  {
    name: 'f',
    what: 'takes ever longer by itself: 20 ms to 5 s within 30 s',
    under: 'Answers take 5 s in the end: whoever is last waits for a slot as long as half a call.',
    ...USUAL,
    requests: 900,
    lanes: 300,
    arrivePerSecond: 60,
    server: {
      perSecond: 60,
      workMs: 20,
      latencyMs: (atMs) => Math.min(5_000, 20 + (4_980 * atMs) / 30_000),
    },
  },
  {
    name: 'g',
    what: 'one type of operation in nine fails always, at once',
    ...USUAL,
    server: SMALL,
    poison: { by: 'type', oneIn: 9 },
  },
  {
    name: 'g2',
    what: 'one tenant in nine fails always, at once',
    ...USUAL,
    server: SMALL,
    poison: { by: 'subject', oneIn: 9 },
  },
  {
    name: 'g3',
    what: 'half of the requests are of a type that fails always, at once, and were accepted first',
    ...USUAL,
    requests: 600,
    lanes: 600,
    server: SMALL,
    poison: { by: 'type', oneIn: 2, isFirst: true },
  },
  {
    name: 'e2',
    what: 'takes 600 calls a minute, and answers 429 with an honest Retry-After beyond that',
    ...USUAL,
    requests: 1_500,
    lanes: 500,
    server: { ...SMALL, quota: { calls: 600, perMs: MINUTE_MS } },
  },
  {
    name: 'h',
    what: '5 % of the calls are never answered',
    ...USUAL,
    server: { ...SMALL, stallShare: 0.05 },
  },
  {
    ...outagePlan('i', 10_000, { under: CALL_MORE, crises: 40 }),
    what: 'an outage of 10 s with crises among the requests',
  },
  {
    name: 'l',
    what: '30 % fail, and each lane has unurgent requests before its urgent ones',
    ...USUAL,
    lanes: 90,
    unurgentHeads: 2,
    server: { ...SMALL, faultShare: 0.3, faultKinds: MIXED },
  },
];

/** Completes a plan to a drill. */
export function drillOf(plan: DrillPlan): Drill {
  const { name, what, concurrency, server } = plan;
  const capMs = plan.capMs ?? 10 * MINUTE_MS;
  const isPoison = ({ type, subject }: Pick<Job, 'type' | 'subject'>): boolean =>
    plan.poison?.by === 'type' ? type === POISON_TYPE : subject.startsWith(POISON_SUBJECT);
  const serverPlan: ServerPlan = plan.poison === undefined ? server : { ...server, isPoison };
  let best: ((atMs: number) => number) | null = null;
  return {
    name,
    what,
    under: plan.under,
    parameters: parametersOf(plan),
    concurrency,
    jobs: (seed) => jobsOf(plan, seed),
    server: (seed, clock: Clock) => new ServerModel(serverPlan, seed, clock),
    couldDoBy(atMs) {
      best ??= couldDo(
        serverPlan,
        jobsOf(plan, 0).filter((job) => plan.poison === undefined || !isPoison(job)),
        { concurrency, capMs },
      );
      return best(atMs);
    },
    outages: server.outages ?? [],
    perSecond: server.limit?.perSecond ?? server.perSecond,
    isPoison: (job) => plan.poison !== undefined && isPoison(job),
    capMs,
    isOnLoopback: plan.isOnLoopback === true,
  };
}

export const DRILLS: readonly Drill[] = DRILL_PLANS.map(drillOf);

/** An outage of any length in the middle of work that lasts 20 s more. */
export function outageDrill(outageMs: number): Drill {
  return drillOf(
    outagePlan(`outage ${outageMs / 1000} s`, outageMs, { requests: 1_400, lanes: 350 }),
  );
}

const POISON_TYPE = 'poisoned';
const POISON_SUBJECT = 'poisoned-';

function jobsOf(plan: DrillPlan, seed: number): readonly Job[] {
  const { requests, arrivePerSecond, lanes, poison, crises = 0, unurgentHeads } = plan;
  const urgencies = PRIORITIES.filter((priority) => priority !== 'crisis');
  const crisisEvery = crises > 0 ? Math.floor(requests / crises) : Number.POSITIVE_INFINITY;
  const [outage] = plan.server.outages ?? [];
  const jobs = Array.from({ length: requests }, (_, index): Job => {
    const lane = index % lanes;
    const round = Math.floor(index / lanes);
    const isHead = unurgentHeads !== undefined && round < unurgentHeads;
    const isCrisis = index % crisisEvery === crisisEvery - 1;
    // The tier is the subject's, so all of a lane have it; a lane has every priority.
    const tier: Tier = TIERS[(lane + Math.floor(lane / 9)) % TIERS.length] ?? 'trial';
    const priority =
      urgencies[(index + Math.floor(index / 3) + round) % urgencies.length] ?? 'normal';
    const isPoisoned = poison !== undefined && (lane * 7 + (lane >> 3)) % poison.oneIn === 0;
    return {
      index,
      key: `${seed}-${index}`,
      // Crises come one after the other until an outage ends, so that most of them meet it.
      atMs:
        isCrisis && outage !== undefined
          ? Math.floor((index / requests) * outage.toMs)
          : arrivePerSecond === undefined
            ? 0
            : Math.floor((index * 1000) / arrivePerSecond),
      type: isPoisoned && poison.by === 'type' ? POISON_TYPE : `work.kind${index % 3}`,
      subject: `${isPoisoned && poison.by === 'subject' ? POISON_SUBJECT : 'user-'}${lane}`,
      lane: isCrisis ? null : `account-${lane}`,
      tier: unurgentHeads === undefined ? tier : isHead ? 'trial' : 'premium',
      priority: isCrisis
        ? 'crisis'
        : unurgentHeads === undefined
          ? priority
          : isHead
            ? 'low'
            : 'high',
    };
  });
  const isBehind = ({ type }: Job): number =>
    Number(poison?.isFirst === true && type !== POISON_TYPE);
  return jobs
    .toSorted((a, b) => a.atMs - b.atMs || isBehind(a) - isBehind(b))
    .map((job, index) => ({ ...job, index }));
}

function parametersOf(plan: DrillPlan): Readonly<Record<string, string | number>> {
  const { server } = plan;
  const parameters: Record<string, string | number | undefined> = {
    requests: plan.requests,
    arrival: plan.arrivePerSecond === undefined ? 'all at the start' : `${plan.arrivePerSecond}/s`,
    lanes: plan.lanes,
    concurrency: plan.concurrency,
    'server calls/s': server.perSecond,
    'work ms': server.latencyMs === undefined ? server.workMs : '20 to 5,000',
    faults: server.faultShare,
    stalls: server.stallShare,
    outages: server.outages
      ?.slice(0, 2)
      .map(({ fromMs, toMs }) => `${fromMs}-${toMs}`)
      .join(', '),
    'rate limit/s': server.limit?.perSecond,
    burst: server.limit?.burst,
    'quota a minute': server.quota?.calls,
    'calls a worker before overload': server.overloadFrom,
    crises: plan.crises,
  };
  const known = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as Record<string, string | number>;
}
