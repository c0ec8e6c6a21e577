/**
 * Bounds on how long after healing a device's work may take to end, by its options; and the waits that may outlast a
 * run, since the options say so.
 *
 * The bound is the sum of waits that may follow each other, plus half of it, plus 75 seconds:
 * - the longest wait after a failed attempt that a policy allows, and the longest that a `Retry-After` may ask for:
 *   only one such wait can have begun before healing;
 * - the longest time to the next probe, and what a `Retry-After` adds to it;
 * - for each waiting operation, the slowest answer of a well upstream, one at a time, twice;
 * - for each waiting operation, the time between two tokens of the tightest rate.
 *
 * A part above {@link PART_MS_MAX} is left out of the sum, and operations that wait for it may wait on.
 *
 * @module
 */

import type { Attempt } from '../../../actors/port.ts';
import { BROUGHT_BACK } from '../../../machines/operation/repeatSafety.ts';
import type { SyncOperationState } from '../../../machines/operation/syncOperationMachine.ts';
import { waitReasonOf } from '../../../machines/operation/waitReason.ts';
import type { PolicyTable } from '../../../machines/policy/layers/policyTable.ts';
import {
  RETRY_AFTER_MAX_MS,
  type RetryPolicy,
} from '../../../machines/policy/retry/retryPolicy.ts';
import type { CheckedOptions } from '../../options.ts';
import type { Telling } from '../oracle/look.ts';
import type { DiskRow } from '../oracle/trace.ts';

/** Slowest answer of a well upstream. */
const SLOWEST_ANSWER_MS = 2_500;
const SLACK_MS = 75_000;
/** Longest part that a run waits for. */
export const PART_MS_MAX: number = 2 * 3_600_000;
/** Parts of the time, in the words of waits. */
type Part = 'backoff' | 'turn' | 'rate' | 'review' | 'lane';

export interface Bounds {
  /** Time after healing, in milliseconds, by which everything bounded has ended. */
  readonly withinMs: number;
  /** Parts that may take longer, each with the reason. */
  readonly longer: ReadonlyMap<Part, string>;
  /** Longest wait after a failed attempt, in milliseconds. */
  readonly backoffMs: number;
}

/**
 * Lifetime of keys above all jumps of clocks: with a shorter one an upstream may have forgotten a key, and a person
 * has to decide.
 */
const JUMPS_MS = 50 * 365 * 86_400_000;

/**
 * @param everyOptions - options of each process so far: a wait or an outage outlasts the options that it began under
 * @param waiting - number of unfinished operations when everything is healed
 */
export function boundsOf(everyOptions: readonly CheckedOptions[], waiting: number): Bounds {
  const each = everyOptions.map((options) => boundsUnder(options, waiting));
  return {
    withinMs: Math.max(...each.map(({ withinMs }) => withinMs)),
    longer: new Map(each.flatMap(({ longer }) => [...longer])),
    backoffMs: Math.max(...each.map(({ backoffMs }) => backoffMs)),
  };
}

function boundsUnder(options: CheckedOptions, waiting: number): Bounds {
  const { policies, handlers } = options;
  const longer = new Map<Part, string>();
  let withinMs = 0;
  const add = (part: Part, ms: number, why: string): void => {
    if (ms > PART_MS_MAX) longer.set(part, why);
    else withinMs += ms;
  };
  const used = [...new Set(Object.values(handlers).map(({ upstream }) => upstream))];
  const routes = Object.entries(handlers);
  const retries = routes.flatMap(([type, { upstream }]) =>
    Object.values(policies.retries(upstream, type)).filter((retry) => retry !== undefined),
  );
  const ownMs = Math.max(...retries.map(longestWaitMs), 0);
  add('backoff', ownMs, 'a wait after a failure is longer');
  add('backoff', RETRY_AFTER_MAX_MS, 'an upstream asked for that');
  for (const upstream of used) {
    for (const [part, ms, why] of turnsAt(upstream, options, waiting)) add(part, ms, why);
  }
  for (const [type] of routes) {
    if (timeoutsOf(type, options).leastMs >= SLOWEST_ANSWER_MS) continue;
    for (const part of ['turn', 'backoff'] as const) {
      longer.set(part, `attempts of ${type} are given up before their answer comes`);
    }
  }
  const isForgetful = routes.some(
    ([, { honoursIdempotencyKey = true, keyLifetimeMs = 0 }]) =>
      !honoursIdempotencyKey || keyLifetimeMs < JUMPS_MS,
  );
  if (isForgetful) longer.set('review', 'a person has to say whether it was done');
  if (routes.some(([, { strictOrder }]) => strictOrder === true)) {
    longer.set('lane', 'a dead letter holds its lane');
  }
  const backoffMs = Math.max(ownMs, RETRY_AFTER_MAX_MS);
  return { withinMs: 1.5 * withinMs + SLACK_MS, longer, backoffMs };
}

/** Lists the parts of the time until work gets its turn at an upstream; the first is that of probes. */
function turnsAt(
  upstream: string,
  { policies }: CheckedOptions,
  waiting: number,
): readonly (readonly [part: Part, ms: number, why: string])[] {
  const { flow, breaker } = policies.upstream(upstream);
  const probeMs = 1.1 * Math.max(flow.probeMsMin, flow.probeMsMax) + breaker.retryAfterMsMax;
  const trips = [breaker.consecutiveFailuresToOpen, breaker.failureRateToOpen];
  const isTripped = [...trips, breaker.slowCallRateToOpen].some((rule) => rule !== null);
  // A rule that looks far back may open the breaker again after each success.
  const probes = isTripped ? waiting + 1 : 1;
  return [
    ['turn', probeMs * probes, `the next probe of ${upstream} comes later`],
    ['turn', 2 * waiting * SLOWEST_ANSWER_MS, `${upstream} has more to do`],
    ['rate', waiting * intervalMs(policies, upstream), `the rate of ${upstream} is lower`],
  ];
}

/** Finds the shortest and the longest time-out of this type's attempts, over all tiers. */
function timeoutsOf(
  type: string,
  { policies, handlers }: CheckedOptions,
): { readonly leastMs: number; readonly mostMs: number } {
  const handler = handlers[type];
  if (handler === undefined) return { leastMs: Number.POSITIVE_INFINITY, mostMs: 0 };
  const each = policies.tierNames.map((tier) => policies.attemptTimeoutMs(handler, tier, type));
  return { leastMs: Math.min(...each), mostMs: Math.max(...each) };
}

/** Number of waiting operations for which turns are bounded. */
const WAITING_MAX = 200;

/** Times within which work gets its turn, in any case, and while its upstream is up and nothing there is parked. */
type Turns = Readonly<Record<'always' | 'whileUp', Readonly<Record<string, number>>>>;

/**
 * Computes the time within which work gets its turn, by upstream, without upstreams whose options let it wait longer.
 *
 * @param everyOptions - options of each process so far: an outage outlasts the options that it began under
 */
export function turnsWithin(
  everyOptions: readonly CheckedOptions[],
  when: keyof Turns,
): Readonly<Record<string, number>> {
  const each = everyOptions.map((options) => turnsUnder(options)[when]);
  const names = Object.keys(each.at(-1) ?? {});
  return Object.fromEntries(
    names.flatMap((name) => {
      const within = Math.max(...each.map((turns) => turns[name] ?? 0));
      return Number.isFinite(within) ? [[name, within]] : [];
    }),
  );
}

const TURNS = new WeakMap<CheckedOptions, Turns>();

/**
 * Computes the time to a turn under these options; infinite where they let work wait longer. Earlier attempts may
 * hold their slots until their time-out.
 */
function turnsUnder(options: CheckedOptions): Turns {
  const known = TURNS.get(options);
  if (known !== undefined) return known;
  const { handlers } = options;
  const always: Record<string, number> = {};
  const whileUp: Record<string, number> = {};
  for (const upstream of new Set(Object.values(handlers).map((handler) => handler.upstream))) {
    const types = Object.keys(handlers).filter((type) => handlers[type]?.upstream === upstream);
    const timeouts = types.map((type) => timeoutsOf(type, options));
    const [probe, ...others] = turnsAt(upstream, options, WAITING_MAX).map(([, ms]) => ms);
    const isCutShort = timeouts.some(({ leastMs }) => leastMs < SLOWEST_ANSWER_MS);
    const sumOf = (parts: readonly number[]): number => {
      if (isCutShort || parts.some((ms) => ms > PART_MS_MAX)) return Number.POSITIVE_INFINITY;
      return 1.5 * parts.reduce((sum, ms) => sum + ms, 0) + SLACK_MS;
    };
    const attemptMs = Math.max(...timeouts.map(({ mostMs }) => mostMs));
    always[upstream] = sumOf([attemptMs, probe ?? 0, ...others]);
    whileUp[upstream] = sumOf([attemptMs, ...others]);
  }
  const turns = { always, whileUp };
  TURNS.set(options, turns);
  return turns;
}

/**
 * Computes how many attempts may begin at an upstream that is back after an outage, before a call there ends: its least
 * slots, and those beside them for types that others crowd out.
 */
export function atOnceAfterOutage({ policies }: CheckedOptions, upstream: string): number {
  const { flow } = policies.upstream(upstream);
  const { slotsMin, slotsMax, slotsAtStart, slotsShareAfterOutage } = flow;
  const least = Math.max(slotsMin, slotsAtStart / 2);
  const slots = Math.min(slotsMax, Math.max(least, Math.round(slotsShareAfterOutage * slotsMax)));
  return Math.floor(slots) + Math.max(1, Math.floor(slots / 4));
}

/** Time that may pass between the beginning of an attempt and its handler. */
const BEGINS_WITHIN_MS = 100;

/**
 * Computes how much less time an attempt has than its handler has set, where that is more than its upstream's; 0 for a
 * crisis, which has bounds of its own.
 */
export function cutShortMs(
  { handlers, policies }: CheckedOptions,
  { type, priority, deadlineAtMs }: Pick<Attempt, 'type' | 'priority' | 'deadlineAtMs'>,
  nowMs: number,
): number {
  const { upstream, attemptTimeoutMs = 0 } = handlers[type] ?? {};
  if (upstream === undefined || priority === 'crisis') return 0;
  if (attemptTimeoutMs <= policies.upstream(upstream).flow.timeoutMsMax) return 0;
  const cutMs = nowMs + attemptTimeoutMs - deadlineAtMs;
  return cutMs > BEGINS_WITHIN_MS ? cutMs : 0;
}

/** Least time-out of a call with which a step is sure to be heard over a slow network. */
const CALL_MS_MIN = 10_000;
/** Margin for a look-up that still hangs, and a process that stands still. */
const TELLING_SLACK_MS = 120_000;

/**
 * Computes when people must hear of an undelivered crisis; `null` where nobody is configured, or it may take days.
 */
export function tellingOf({ crisis }: CheckedOptions): Telling | null {
  const { escalation, pace, escalateAfterMs } = crisis;
  if (escalation.length === 0) return null;
  const sum = (of: (step: (typeof escalation)[number]) => number): number =>
    escalation.reduce((all, step) => all + of(step), 0);
  if (escalation.some(({ timeoutMs }) => timeoutMs < CALL_MS_MIN)) return null;
  const callsMs = sum(
    ({ timeoutMs, retry }) => retry.attemptsMax * (timeoutMs + 2 * longestWaitMs(retry)),
  );
  const owedMs = Math.max(pace.notHeardMs, 2.5 * pace.maybeHeardMs, pace.refusedMs);
  const withinMs = escalateAfterMs + 2 * owedMs + callsMs + TELLING_SLACK_MS;
  const chainMs = sum(({ acknowledgeWithinMs }) => acknowledgeWithinMs);
  return {
    steps: escalation.map(({ name }) => name),
    withinMs,
    lapsedWithinMs: withinMs + chainMs,
    againWithinMs: withinMs + chainMs + 4 * pace.anewMs,
  };
}

/** Computes the longest wait after a failure that the policy allows. */
function longestWaitMs(retry: RetryPolicy): number {
  const { delayMsMax, jitterMsMax, strategy, initialDelayMs, multiplier, attemptsMax } = retry;
  const exponential = Math.min(
    delayMsMax,
    initialDelayMs * multiplier ** Math.min(50, attemptsMax),
  );
  const jitterMs = jitterMsMax ?? exponential;
  const own = {
    additiveJitter: exponential + jitterMs,
    fullJitter: exponential,
    decorrelatedJitter: Math.max(initialDelayMs, delayMsMax),
    constant: initialDelayMs + (jitterMsMax ?? 0),
  };
  const backoffMs = typeof strategy === 'function' ? delayMsMax : own[strategy];
  return Math.max(Math.min(backoffMs, retry.thenEveryMs ?? backoffMs), retry.thenEveryMs ?? 0);
}

/** Computes the time between two tokens of the tightest rate there. */
function intervalMs(policies: PolicyTable, upstream: string): number {
  const rates = [
    policies.upstream(upstream).rate,
    ...Object.values(policies.tiers(upstream)).flatMap((tier) =>
      tier === undefined ? [] : [tier.subjectRate, tier.tierRate],
    ),
  ];
  return Math.max(0, ...rates.map((rate) => (rate === null ? 0 : 1_000 / rate.perSecond)));
}

/** Tells whether this operation may be unfinished although the time is over. */
export function mayWaitOn(
  row: DiskRow,
  rows: readonly DiskRow[],
  known: Omit<Bounds, 'withinMs'> & {
    readonly nowMs: number;
    /** Latest time by the clock of due times, as if nobody had set it back. */
    readonly latestMs: number;
    /** Ids of operations whose handler has not returned. */
    readonly silent: ReadonlySet<string>;
  },
): boolean {
  const { longer, backoffMs, nowMs, latestMs, silent } = known;
  // No option keeps back a crisis.
  if (row.isCrisis) return false;
  if (silent.has(row.id)) return true;
  const has = (...parts: readonly Part[]): boolean => parts.some((part) => longer.has(part));
  const reason = waitReasonOf(row.state as SyncOperationState);
  // A brought-back operation has the same state in line and behind others of its lane.
  const isBehind =
    row.state === BROUGHT_BACK &&
    rows.some(({ lane, seq, outcome }) => lane === row.lane && seq < row.seq && outcome === null);
  switch (isBehind && row.lane !== null ? 'lane' : reason) {
    // The request names the time.
    case 'startAt':
      return (row.startAtMs ?? 0) > nowMs;
    case 'backoff':
      // Whose turn comes late may begin such a wait late, too.
      return has('backoff') || (row.dueAtMs <= latestMs + backoffMs && has('turn', 'rate'));
    case 'review':
    case 'conflict':
      return has('review');
    case 'lane': {
      const lane = rows.filter((other) => other.lane === row.lane);
      const head = lane.find(({ outcome }) => outcome === null);
      const isHeld = lane.some(({ outcome }) => outcome?.status === 'deadLettered');
      if (has('lane') && isHeld) return true;
      return head !== undefined && head !== row && mayWaitOn(head, rows, known);
    }
    case 'handler':
    case 'overhang':
      return false;
    default:
      // As many silent handlers as slots give them back, the next one keeps its own (OP-3): two may hold the only slot.
      return has('turn', 'rate') || silent.size > 1;
  }
}
