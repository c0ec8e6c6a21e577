/**
 * What waits for its turn or behind others of its entity, by upstream and urgency, as the store counts it: how much,
 * since when, and why. Health and the inspector read this and no other count (HM-1).
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import { TypeTrials } from '../../machines/policy/flow/typeTrials.ts';
import type { MayRun, WaitCause } from '../../machines/vocabulary/standing.ts';
import { PRIORITIES, type Priority, TIERS, type Tier } from '../../machines/vocabulary/urgency.ts';
import type { WaitingCount } from '../../persistence/port/store.ts';
import { madeAtMs } from '../platform/operationId.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';

/** Work that waits at one upstream, of one urgency, in memory and on disk. */
export interface WaitingWork {
  /** `null` for work of a type that goes to no upstream now. */
  readonly upstream: string | null;
  /** Priority of the work, or of one behind it in its lane whose rank it has (OP-4). */
  readonly priority: Priority;
  /** `null` for crises, which all have one rank. */
  readonly tier: Tier | null;
  /** How many wait for their turn, or for the time after a failed attempt. */
  readonly turn: number;
  /** How many wait behind others of their entity. */
  readonly inLane: number;
  /** When the first of those in `turn` was accepted, in milliseconds since the epoch; `null` where there is none. */
  readonly oldestAtMs: number | null;
  /**
   * Why the next of them does not run now: what its upstream says, `backoff` for the time after a failed attempt,
   * `type` or `subject` where only such work is due whose type or subject is parked by itself, or `lane`; `null` where
   * it may.
   */
  readonly because: WaitCause | 'backoff' | 'lane' | null;
  /** When that ends by itself, in milliseconds since the epoch; `null` where nobody knows. */
  readonly untilAtMs: number | null;
}

/** Facts of an upstream that {@link waitingWork} has to know. */
export interface WaitingAt {
  readonly upstream: string;
  readonly types: Pick<TypeTrials, 'parked'>;
  mayRun(asker: {
    readonly id: null;
    readonly urgency: number;
    readonly isNext: boolean;
    readonly route?: string;
    readonly subject?: string;
  }): MayRun;
}

/** The work that waits, the most urgent of each upstream first. @param flows in the order of the groups that were counted */
export function waitingWork(
  counts: readonly WaitingCount[],
  flows: readonly WaitingAt[],
  steady: Pick<SteadyClock, 'now' | 'toWall'>,
): readonly WaitingWork[] {
  const places = [...flows.keys(), null];
  return places.flatMap((group) => {
    const here = counts.filter((count) => count.group === group);
    const ranks = new Set(here.map(({ urgency }) => urgency));
    return [...ranks]
      .map((rank) => workOf(here, rank, group === null ? undefined : flows[group], steady))
      .filter(({ turn, inLane }) => turn + inLane > 0);
  });
}

function workOf(
  here: readonly WaitingCount[],
  rank: number,
  flow: WaitingAt | undefined,
  steady: Pick<SteadyClock, 'now' | 'toWall'>,
): WaitingWork {
  const of = (reason: WaitingCount['waitsFor']): WaitingCount | undefined =>
    here.find(({ urgency, waitsFor }) => urgency === rank && waitsFor === reason);
  const turn = of('turn');
  const oldestId = turn?.oldestId ?? null;
  return {
    upstream: flow?.upstream ?? null,
    ...urgencyOfRank(rank),
    turn: turn?.count ?? 0,
    inLane: of('lane')?.count ?? 0,
    oldestAtMs: oldestId === null ? null : madeAtMs(oldestId),
    ...why(turn, rank, flow, steady),
  };
}

/** Why the first in line does not run; where none is in line, all wait behind others of their entity. */
function why(
  turn: WaitingCount | undefined,
  rank: number,
  flow: WaitingAt | undefined,
  steady: Pick<SteadyClock, 'now' | 'toWall'>,
): Pick<WaitingWork, 'because' | 'untilAtMs'> {
  if (turn === undefined) return { because: 'lane', untilAtMs: null };
  if (flow === undefined) return { because: 'start', untilAtMs: null };
  // Crises ask nobody: they wait for a slot that is kept for them.
  const passes = passesBy('flow', { urgency: rank });
  const answer = passes ? null : flow.mayRun({ id: null, urgency: rank, isNext: true });
  if (answer !== null && !answer.may) {
    const { because, untilAtMs } = answer;
    return { because, untilAtMs: untilAtMs === null ? null : steady.toWall(untilAtMs) };
  }
  const { nextDueAtMs } = turn;
  const isLater = nextDueAtMs !== null && nextDueAtMs > steady.now();
  if (isLater) return { because: 'backoff', untilAtMs: steady.toWall(nextDueAtMs) };
  // What is due, and could run, is in flight at once: what stays is parked by itself.
  return parkedAt(flow, rank, steady) ?? { because: null, untilAtMs: null };
}

/** What is parked by itself at this upstream, a type before a subject, and the first try of it; `null` for nothing. */
function parkedAt(
  flow: WaitingAt,
  urgency: number,
  steady: Pick<SteadyClock, 'toWall'>,
): Pick<WaitingWork, 'because' | 'untilAtMs'> | null {
  const found = [...flow.types.parked.keys()].flatMap((key) => {
    const subject = TypeTrials.subjectOf(key);
    const whose = subject === null ? { route: key } : { subject };
    const answer = flow.mayRun({ ...{ id: null, urgency, isNext: true }, ...whose });
    return answer.may ? [] : answer;
  });
  const because = found.some((each) => each.because === 'type') ? 'type' : found[0]?.because;
  if (because === undefined) return null;
  const tries = found.flatMap((each) => (each.because === because ? (each.untilAtMs ?? []) : []));
  return { because, untilAtMs: tries.length === 0 ? null : steady.toWall(Math.min(...tries)) };
}

function urgencyOfRank(rank: number): Pick<WaitingWork, 'tier' | 'priority'> {
  if (rank < 1) return { tier: null, priority: 'crisis' };
  const index = rank - 1;
  return {
    tier: TIERS[index % TIERS.length] ?? 'trial',
    priority: PRIORITIES[1 + Math.floor(index / TIERS.length)] ?? 'low',
  };
}
