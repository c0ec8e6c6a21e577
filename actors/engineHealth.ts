/**
 * How the local engine is doing, as plain data: read from memory, in every phase (HM-1).
 *
 * @module
 */

import type { BreakerState } from '../machines/policy/breaker/breakerPolicy.ts';
import type { Level } from '../machines/policy/service/degradationLevel.ts';
import type { LevelCause } from '../machines/policy/service/degradationPolicy.ts';
import type { StuckReason } from '../machines/policy/service/restartPolicy.ts';
import type { StorageState } from '../machines/policy/service/storageTrouble.ts';
import type { Pace } from '../machines/scheduler/schedulerMachine.ts';
import type { Phase } from '../machines/supervisor/supervisorMachine.ts';
import type { ErrorCode } from '../machines/vocabulary/errors.ts';
import { URGENCY_MAX } from '../machines/vocabulary/urgency.ts';
import type { Hold } from '../persistence/port/review.ts';
import type { ConflictsHealth } from './conflict/openConflicts.ts';
import type { OutdatedEdits } from './conflict/outdatedEdits.ts';
import { type CrisisModeHealth, crisisModeHealth } from './crisis/crisisModeState.ts';
import type { EngineCore } from './engine.ts';
import type { EscalationCounts } from './escalation/escalations.ts';
import type { UndeliveredCrises } from './escalation/undelivered.ts';
import type { UnreadableCounts } from './escalation/unreadableCrises.ts';
import type { AnchorHealth } from './recovery/anchorKeeper.ts';
import type { CheckProgress } from './recovery/storeCheck.ts';
import type { StartTrouble, Supervisor } from './supervisor.ts';
import type { Upstream } from './upstream/upstream.ts';
import type { UpstreamHold } from './upstream/upstreamOrders.ts';
import { upstreamState } from './upstream/upstreamState.ts';
import { type TurnWait, turnWait } from './work/turnWait.ts';
import { type WaitingWork, waitingWork } from './work/waitingWork.ts';

/** How an engine is doing, as plain data; read from memory, in every phase. */
export interface EngineHealth {
  /** State of the supervisor's chart. */
  readonly phase: Phase;
  /** A component is down and not restarted for now. */
  readonly isImpaired: boolean;
  /** Why no start has succeeded yet; `null` once one has. */
  readonly start: StartTrouble | null;
  /** When the first start began, once it takes long and has not failed; `null` else. */
  readonly slowStartSinceAtMs: number | null;
  /** Set while nothing but crises runs (PS-5). */
  readonly hold: Pick<Hold, 'reason' | 'sinceAtMs'> | null;
  /** The anchor of the store; `null` where none is kept (SE-6). */
  readonly anchor: AnchorHealth | null;
  /** The level of service of the process, and the signals that call for it. */
  readonly level: Level;
  readonly causes: readonly LevelCause[];
  readonly storage: {
    readonly state: StorageState;
    /** Since when it is in that state; `null` since the start. */
    readonly sinceAtMs: number | null;
    /** Error of the last write that failed, while storage is not well. */
    readonly failure: ErrorCode | null;
  };
  readonly upstreams: readonly UpstreamState[];
  /** Work that is due and does not begin, where nothing explains that. */
  readonly stuck: readonly {
    readonly upstream: string;
    /** Reason that is told why it does not begin; `unknown` where it may run, as far as is known. */
    readonly because: StuckReason;
    /** For how long nothing has begun, in milliseconds. */
    readonly forMs: number;
  }[];
  /** Since the process started; `quarantined` over restarts, too. */
  readonly operations: {
    readonly inMemory: number;
    readonly attemptsRunning: number;
    readonly accepted: number;
    readonly completed: number;
    readonly deadLettered: number;
    readonly cancelled: number;
    readonly expired: number;
    readonly attempts: number;
    readonly retries: number;
    readonly quarantined: number;
  };
  /** Operations that go on only when somebody does something, over restarts. */
  readonly waiting: {
    readonly conflicted: number;
    readonly inReview: number;
    readonly handlerMissing: number;
    readonly deadLettered: number;
    readonly quarantined: number;
    readonly newerVersion: number;
    /** Their handler has to return first. */
    readonly overhanging: number;
    /** An earlier one of their entity has not ended. */
    readonly inLane: number;
    /** Operations that are to begin at an instant to come. */
    readonly scheduled: number;
    /** The rate of their subject or tier is used up. */
    readonly rateLimited: number;
    /** Their turn at an upstream, which says why it is not theirs, or the time after a failed attempt. */
    readonly turn: number;
  };
  /** Operations that `turn` and `inLane` count, by upstream and rank: since when they wait, and why. */
  readonly queue: readonly WaitingWork[];
  /** Crises that did not go as they should, since the start; those that have escalated, now. */
  readonly crises: EscalationCounts & {
    readonly refused: number;
    readonly mended: number;
    /** Delivered and not kept, since the disk hung. */
    readonly unkept: number;
    /** By upstream, those that are not delivered: since when, and why. */
    readonly undelivered: readonly UndeliveredCrises[];
    /** Crises whose rows can't be read, and which may not have been delivered. */
    readonly unreadable: UnreadableCounts;
    /** Answered without a plan, since the disk was too slow for it. */
    readonly plansLate: number;
    /** One was refused, mended or not kept within the last hour. */
    readonly isRefusing: boolean;
    readonly isMending: boolean;
    readonly isUnkept: boolean;
  };
  /** Conflicts that wait for a person, over restarts (CF-6). */
  readonly conflicts: ConflictsHealth & {
    /** Edits that are being read and merged, and ask nobody. */
    readonly atWork: number;
    /** Edits that wait since newer rules than those of this program wrote their record, by kind of record. */
    readonly outdated: readonly OutdatedEdits[];
    /** Removals and devices that did not find room beside the records that edits were sent of, since the start. */
    readonly untold: number;
  };
  /** Crisis mode that people have switched on (CR-6); for whom, `crisisModes.states` says. */
  readonly crisisMode: CrisisModeHealth;
  /** How late the event loop runs what is due, while work is under way (CR-1). */
  readonly eventLoop: {
    /** The longest delay of the last second, in milliseconds. */
    readonly delayMs: number;
    /** How often it was blocked since the process started, and for how long at most. */
    readonly blocked: number;
    readonly longestMs: number;
    /** Whether it was blocked within the last minute. */
    readonly isBlocking: boolean;
  };
  /** How far the check of every record is, that follows each start. */
  readonly storeCheck: CheckProgress;
}

/** State of one upstream at this moment. */
export interface UpstreamState {
  readonly name: string;
  /** State of its breaker. */
  readonly breaker: BreakerState;
  /**
   * Whether it may be tried, and nothing is sent to it: nothing waits, and nothing was sent since it was tried last, or since a
   * person let it go. Nobody knows whether it is well, and no score is taken for it.
   */
  readonly isUntried: boolean;
  /** Level of service of the upstream. */
  readonly level: Level;
  /** The signals that call for it; none where it is normal. */
  readonly causes: readonly LevelCause[];
  /** Calls in flight that hold a slot: attempts of operations, and calls that are not kept. */
  readonly inFlight: number;
  /** Deliveries of crises in flight, which hold none of these slots. */
  readonly crisesInFlight: number;
  /** Calls whose handler is silent far beyond its time-out: of these, and of those that have lost their slot. */
  readonly overhanging: number;
  /** Why an operation that comes now would have to wait, and until when; `null` where it would not. */
  readonly waits: TurnWait | null;
  /** Since when it is down; `null` while it is up. */
  readonly downSinceAtMs: number | null;
  /** Before when a breaker lets no try through, in milliseconds since the epoch; `null` for none. */
  readonly nextTryAtMs: number | null;
  /** The order of a person that is in force; `null` while none is. */
  readonly hold: UpstreamHold | null;
  /** Types of which every call fails while others succeed; they wait by themselves, and hold up nothing else (CB-2). */
  readonly parkedTypes: readonly ParkedTypeState[];
  /** Subjects of which every call fails while those for others succeed, together; `null` where there is none (CB-2). */
  readonly parkedSubjects: ParkedSubjectsState | null;
  /** How soon it was found to be back, since its state was first kept (CB-6). */
  readonly recovery: UpstreamRecovery;
  /** At what pace its work runs, and by which measures. */
  readonly flow: UpstreamFlow;
}

/** A type of operation that is parked by itself. Instants are milliseconds since the epoch. */
interface ParkedTypeState {
  /** `null` for functions that were given with their requests. */
  readonly type: string | null;
  readonly sinceAtMs: number;
  /** When its next call may go out; `null` while one is out. */
  readonly nextTryAtMs: number | null;
}

/** Subjects that are parked by themselves. Instants are milliseconds since the epoch. */
interface ParkedSubjectsState {
  readonly count: number;
  /** Since when the first of them is. */
  readonly sinceAtMs: number;
  /** When the next call for one of them may go out; `null` while one is out for each. */
  readonly nextTryAtMs: number | null;
}

/** From the last known failure to the first success, in milliseconds. */
interface UpstreamRecovery {
  readonly times: number;
  /** 0 before the first, as are the others. */
  readonly lastMs: number;
  readonly meanMs: number;
  readonly longestMs: number;
}

interface UpstreamFlow {
  readonly pace: Pace;
  /** Calls that may be in flight at once now, and at most. */
  readonly slots: number;
  readonly slotsMax: number;
  /** How long an attempt may take now, in milliseconds. */
  readonly timeoutMs: number;
  /** The rate that it was found to take, in calls a second; `null` for none. */
  readonly ratePerSecond: number | null;
  /** The share of its calls that fail while it is up, at least what counts as usual. */
  readonly usualFailureShare: number;
}

/** Health of the local engine, read from memory. */
export function engineHealth(
  core: EngineCore,
  supervisor: Pick<Supervisor, 'phase' | 'isImpaired' | 'startTrouble' | 'slowStartSinceAtMs'>,
  conflicts: ConflictsHealth,
): EngineHealth {
  const { pool, hold, storage, counts, quarantined, storeCheck, upstreams } = core;
  const { waiting } = pool;
  const { conflict, review, handler, startAt } = waiting.blocked;
  return {
    phase: supervisor.phase,
    isImpaired: supervisor.isImpaired,
    start: supervisor.startTrouble,
    slowStartSinceAtMs: supervisor.slowStartSinceAtMs,
    anchor: core.anchor.health,
    hold: hold && { reason: hold.reason, sinceAtMs: hold.sinceAtMs },
    level: upstreams.globalLevel.level,
    causes: upstreams.globalLevel.causes,
    storage: {
      state: storage.state,
      sinceAtMs: storage.sinceAtMs,
      failure: storage.failure?.code ?? null,
    },
    upstreams: upstreams.shown.map((upstream) => stateOfUpstream(core, upstream)),
    stuck: upstreams.stuck.map(({ upstream, because, sinceMs }) => ({
      upstream,
      because,
      forMs: core.steady.now() - sinceMs,
    })),
    operations: {
      ...counts.operations,
      inMemory: pool.size,
      attemptsRunning: pool.attemptsRunning,
      quarantined,
    },
    waiting: {
      conflicted: conflict,
      inReview: review,
      handlerMissing: handler,
      deadLettered: waiting.deadLetters,
      quarantined,
      newerVersion: pool.left.newer,
      overhanging: pool.overhanging(),
      inLane: waiting.inLineFor('lane'),
      scheduled: startAt,
      rateLimited: waiting.inLineFor('rate'),
      turn: waiting.inLineFor('turn'),
    },
    queue: waitingWork(
      waiting.inLine,
      upstreams.all.map(({ flow }) => flow),
      core.steady,
    ),
    crises: {
      refused: counts.crisesRefused.times,
      mended: counts.crisesMended.times,
      unkept: counts.crisesUnkept.times,
      ...pool.escalations.counts,
      undelivered: pool.undelivered.state,
      unreadable: core.unreadable.counts,
      plansLate: counts.crisisPlansLate.times,
      isRefusing: counts.crisesRefused.isRecent,
      isMending: counts.crisesMended.isRecent,
      isUnkept: counts.crisesUnkept.isRecent,
    },
    conflicts: {
      ...conflicts,
      atWork: core.desk.atWork,
      untold: core.desk.untold,
      outdated: core.desk.tools.outdated.health(),
    },
    crisisMode: crisisModeHealth(core.crisisModes.states),
    eventLoop: {
      delayMs: upstreams.loop.delayMs,
      blocked: counts.loopBlocked.times,
      longestMs: counts.loopLongestMs,
      isBlocking: counts.loopBlocked.isRecent,
    },
    storeCheck: storeCheck.progress,
  };
}

/** State of one upstream at this moment. */
export function stateOfUpstream(
  { steady, pool }: Pick<EngineCore, 'steady' | 'pool'>,
  upstream: Upstream,
): UpstreamState {
  const { name, breaker, flow, line, crisesInFlight } = upstream;
  const isAsked =
    flow.inFlight > 0 ||
    line.isAwaited ||
    pool.undelivered.state.some((at) => at.upstream === name);
  return {
    ...upstreamState(upstream, steady),
    isUntried: breaker.snapshot.value === 'halfOpen' && !isAsked,
    overhanging: pool.overhanging(name),
    crisesInFlight,
    waits: waitsAt(flow, steady),
  };
}

/** Why a request that arrives now would wait, whatever its rank; `null` where it would begin at once. */
export function waitsOfNew(
  { flow, line }: Upstream,
  steady: EngineCore['steady'],
): TurnWait | null {
  const isFree = flow.mayRun(LAST).may;
  return isFree && !line.isCrowded ? null : turnWait(flow, LAST, steady);
}

const LAST = Object.freeze({ id: null, urgency: URGENCY_MAX, isNext: true });

/** Asks as the most urgent of those that ask. */
function waitsAt(flow: Upstream['flow'], steady: EngineCore['steady']): TurnWait | null {
  const isFree = flow.mayRun({ id: null, urgency: 1, isNext: true }).may;
  return isFree ? null : turnWait(flow, { urgency: 1 }, steady);
}
