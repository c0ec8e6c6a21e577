/**
 * Who may run at an upstream now, and if not, why: the table of the scheduler (CB-1, CB-5, DG-2, PF-6).
 *
 * Its rows are asked in their order, and the first that holds is the answer. So there is one reason for
 * each wait, the same for all who ask, and a new reason to wait is a new row and not a flag somewhere.
 *
 * @module
 */

import type { BreakerDecision } from '../policy/breaker/breakerPolicy.ts';
import { TypeTrials } from '../policy/flow/typeTrials.ts';
import type { Intake, MayRun, WaitCause } from '../vocabulary/standing.ts';
import {
  lessUrgent,
  mostUrgent,
  NO_RANKS,
  type RankSet,
  URGENCY_MAX,
} from '../vocabulary/urgency.ts';

/** The one that asks. */
export interface RunAsker {
  /** The rank, 0 the most urgent. */
  readonly urgency: number;
  /** The operation is the one that has to run alone. */
  readonly isAlone?: boolean | undefined;
  /** Nobody more urgent waits for a slot at this upstream. */
  readonly isNext?: boolean | undefined;
  /** A guarded call: it is kept nowhere, so it needs no disk. */
  readonly isCall?: boolean | undefined;
  /** Somebody more urgent waits, and it is owed a turn all the same. */
  readonly isShare?: boolean | undefined;
  /** The route of its type; left out where whoever asks knows already that it is not parked. */
  readonly route?: string | undefined;
  /** The subject; left out where whoever asks knows already that it is not parked. */
  readonly subject?: string | undefined;
}

/** What is known of the upstream at this moment. Instants are those of the steady clock. */
export interface SchedulerFacts {
  readonly intake: Intake;
  /** Nothing can be made durable. */
  readonly isStorageDown: boolean;
  readonly breaker: Pick<BreakerDecision, 'mode' | 'retryAtMs' | 'isHeldOpen' | 'probesFree'>;
  /** Slots, by the most that there may be, and by those that are open. */
  readonly room: number;
  /** What bounds {@link room}. */
  readonly bound: { readonly by: 'slot' | 'ramp' | 'rate'; readonly untilAtMs: number | null };
  /** Whether the type of this route is parked by itself. */
  readonly isParked: (route: string) => boolean;
  /** Whether this subject is. */
  readonly isSubjectParked: (subject: string) => boolean;
  /** When the next probe of what has this key may go out; `null` while one is out. */
  readonly probeDueAtMs: (key: string) => number | null;
  /** When the upstream's configured rate has a token again; `null` where one is there, or no rate is set. */
  readonly rateDueAtMs: number | null;
  /** Until when the upstream has asked for a pause; `null` for none. */
  readonly pausedUntilAtMs: number | null;
  /** Ranks beyond it are parked. */
  readonly urgencyBound: number;
  /** How many may go out although more urgent work waits. */
  readonly trickle: number;
}

/** One reason to wait. */
export interface WaitRow {
  readonly because: WaitCause;
  /** For people: when it holds. */
  readonly holds: string;
  readonly isSo: (facts: SchedulerFacts, asker: RunAsker) => boolean;
  /** When it ends by itself; left out where nobody knows. */
  readonly untilAtMs?: (facts: SchedulerFacts, asker: RunAsker) => number | null;
}

export const MAY_RUN_TABLE: readonly WaitRow[] = [
  {
    because: 'start',
    holds: 'nothing runs yet: the store is not open, not compared with its anchor, or held',
    isSo: ({ intake }) => intake === 'notStarted',
  },
  {
    because: 'stopping',
    holds: 'nothing runs any more',
    isSo: ({ intake }) => intake === 'stopped',
  },
  {
    because: 'storage',
    holds: 'nothing can be made durable, so no effect of an operation may begin',
    isSo: ({ isStorageDown }, { isCall }) => isStorageDown && isCall !== true,
  },
  {
    because: 'suspect',
    holds: 'an operation that may have ended the process runs alone, and this is another',
    isSo: ({ intake }, { isAlone }) => intake === 'isolated' && isAlone !== true,
  },
  {
    because: 'operator',
    holds: 'somebody holds the breaker open',
    isSo: ({ breaker }) => breaker.isHeldOpen,
  },
  {
    because: 'breaker',
    holds: 'the upstream is down, and the next probe is not due',
    isSo: ({ breaker }) => breaker.mode === 'refuse',
    untilAtMs: ({ breaker }) => breaker.retryAtMs,
  },
  {
    because: 'probe',
    holds: 'the upstream may be back, and the probes are out, or it has asked for time',
    isSo: ({ breaker }) => breaker.mode === 'probe' && breaker.probesFree <= 0,
    untilAtMs: ({ breaker }) => breaker.retryAtMs,
  },
  {
    because: 'type',
    holds:
      'every call of its type fails while others succeed, so it waits by itself, and is tried again',
    isSo: (facts, { route }) => route !== undefined && facts.isParked(route),
    untilAtMs: (facts, { route }) => (route === undefined ? null : facts.probeDueAtMs(route)),
  },
  {
    because: 'subject',
    holds:
      'every call for its subject fails while those for others succeed, so it waits by itself, and is tried again',
    isSo: (facts, { subject }) => subject !== undefined && facts.isSubjectParked(subject),
    untilAtMs: (facts, { subject }) =>
      subject === undefined ? null : facts.probeDueAtMs(TypeTrials.keyOf(subject)),
  },
  {
    because: 'rate',
    holds:
      'the rate that is set for the upstream, or that it was learned to take, is used up, or it has asked for a pause',
    isSo: (facts) => facts.rateDueAtMs !== null || isFull(facts, 'rate'),
    untilAtMs: ({ pausedUntilAtMs, rateDueAtMs, bound }) =>
      pausedUntilAtMs ?? rateDueAtMs ?? bound.untilAtMs,
  },
  {
    because: 'slot',
    holds: 'every slot is taken',
    isSo: (facts) => isFull(facts, 'slot'),
  },
  {
    because: 'ramp',
    holds: 'every slot that has opened since a start or an outage is taken',
    isSo: (facts) => isFull(facts, 'ramp'),
  },
  {
    because: 'level',
    holds:
      'its rank is parked or not the next, somebody more urgent may wait, and the share of those behind is out',
    isSo: ({ urgencyBound, trickle }, { urgency, isNext, isShare }) =>
      trickle <= 0 && isNext !== true && (isShare === true || urgency > urgencyBound),
  },
];

/** A probe takes a slot that is not open, so only the most slots bound it. */
function isFull({ room, bound, breaker }: SchedulerFacts, by: 'slot' | 'ramp' | 'rate'): boolean {
  if (room > 0 || bound.by !== by) return false;
  return breaker.mode !== 'probe' || by === 'slot';
}

const MAY: MayRun = Object.freeze({ may: true });

/** Whether it may run now; if not, the first row that holds. */
export function mayRun(facts: SchedulerFacts, asker: RunAsker): MayRun {
  for (const { because, isSo, untilAtMs } of MAY_RUN_TABLE) {
    if (isSo(facts, asker))
      return { may: false, because, untilAtMs: untilAtMs?.(facts, asker) ?? null };
  }
  return MAY;
}

// Who has the next turn at an upstream: the most urgent that waits, and of 32 turns one a rank behind it,
// each of those ranks in its turn (DG-2). Within a rank the longest due goes first. So whatever arrives,
// each rank that waits has a turn in at most 32 times as many as there are ranks, and nobody waits for ever.

/** What is less urgent has one turn beside so many of what goes before it. */
export const TURNS_PER_SHARE = 31;
/** So many are owed at most: what could not be given for long is no flood later. */
const OWED_MAX = 6;

export class TurnShare {
  /** Turns for which what waited behind them had none yet. */
  #turns: number;
  /** Where among the ranks the next share is looked for. */
  #from: number;

  /**
   * @param start any whole number, another for each process: where in the round it begins, so that processes
   *   that live for a few turns only keep nobody waiting either. The first turn is no share: after a start the
   *   most urgent goes first (SV-3)
   */
  constructor(start: number) {
    this.#turns = start % TURNS_PER_SHARE;
    this.#from = start % (URGENCY_MAX + 1);
  }

  /** How many turns are owed to what is less urgent. */
  get owed(): number {
    return Math.floor(this.#turns / TURNS_PER_SHARE);
  }

  /** The rank that is owed a turn before the most urgent of those that wait; `null` for none. */
  rankOwed(waiting: RankSet): number | null {
    if (this.#turns < TURNS_PER_SHARE) return null;
    const behind = lessUrgent(waiting, mostUrgent(waiting));
    if (behind === NO_RANKS) return null;
    const next = lessUrgent(behind, this.#from);
    return mostUrgent(next === NO_RANKS ? behind : next);
  }

  /** One of this rank had its turn while these waited. */
  took(rank: number, waiting: RankSet): void {
    const isAnyBehind = lessUrgent(waiting, rank) !== NO_RANKS;
    this.#turns = isAnyBehind ? Math.min(this.#turns + 1, OWED_MAX * TURNS_PER_SHARE) : 0;
  }

  /** This rank had turns that were owed. */
  tookShare(rank: number, times: number): void {
    this.#turns = Math.max(0, this.#turns - times * TURNS_PER_SHARE);
    this.#from = rank;
  }
}
