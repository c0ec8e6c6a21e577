/**
 * The engine port: all that `src/` may hold of whatever runs operations. The local engine
 * (`localEngine.ts`) implements it on one process and one store; a distributed engine must be able to,
 * so it speaks of ids, plain data and promises, and never of a store, an actor's system or a timer.
 *
 * The rule `src-knows-the-engine-by-its-port` in `.dependency-cruiser.cjs` keeps it so.
 *
 * @module
 */

import type { BreakerState } from '../machines/policy/breaker/breakerPolicy.ts';
import type { CheckedRequest } from '../machines/policy/request/request.ts';
import type { Level } from '../machines/policy/service/degradationLevel.ts';
import type { LevelCause } from '../machines/policy/service/degradationPolicy.ts';
import type { StuckReason } from '../machines/policy/service/restartPolicy.ts';
import type { StorageState } from '../machines/policy/service/storageTrouble.ts';
import type { Pace } from '../machines/scheduler/schedulerMachine.ts';
import type { Phase } from '../machines/supervisor/supervisorMachine.ts';
import type { ErrorCode } from '../machines/vocabulary/errors.ts';
import type { Pieces } from '../machines/vocabulary/pieces.ts';
import type { Hold } from '../persistence/port/review.ts';
import type { SpillLine } from '../persistence/port/writes.ts';
import type { EntityAccess } from './conflict/entityAccess.ts';
import type { ConflictsHealth } from './conflict/openConflicts.ts';
import type { OutdatedEdits } from './conflict/outdatedEdits.ts';
import type { CrisisModeHealth, CrisisModeOrders } from './crisis/crisisModeState.ts';
import type { CrisisPlans } from './crisis/crisisPlans.ts';
import type { CrisisAnswer } from './crisis/crisisResponder.ts';
import type { PlansInMemory } from './crisis/plansAtHand.ts';
import type { EscalationCounts } from './escalation/escalations.ts';
import type { UndeliveredCrises } from './escalation/undelivered.ts';
import type { UnreadableCounts } from './escalation/unreadableCrises.ts';
import type { CrisisManySubjects } from './facts/crisisFacts.ts';
import type { FactKind, FactListener } from './facts/fact.ts';
import type { WantedFacts } from './facts/factStream.ts';
import type { Acceptance } from './operation/acceptance.ts';
import type { Handler, OwnHandler } from './operation/handler.ts';
import type { OperationView, Outcome } from './operation/outcome.ts';
import type { OperationRecords } from './recovery/recordsAtRest.ts';
import type { CheckProgress } from './recovery/storeCheck.ts';
import type { StartTrouble } from './supervisor.ts';
import type { CallFunction, CallOptions } from './upstream/guardedCall.ts';
import type { UpstreamHold, UpstreamOrders } from './upstream/upstreamOrders.ts';
import type { Inspection } from './work/inspection.ts';
import type { TurnWait } from './work/turnWait.ts';
import type { WaitingWork } from './work/waitingWork.ts';

export type {
  CrisisResource,
  HelpLine,
} from '../machines/policy/crisis/crisisResources.ts';
export type { FromSpill, SpillLine, ToSpill } from '../persistence/port/writes.ts';
export type {
  Entities,
  EntityAccess,
  EntityListener,
  EntityPage,
  EntityPageQuery,
  EntityQuery,
  EntityView,
  ListedEntity,
  RemoteChange,
  RemoteChangeResult,
  RemovedItem,
  RestoringEdit,
} from './conflict/entityAccess.ts';
export { loadEntities } from './conflict/loadEntities.ts';
export type { ConflictsHealth } from './conflict/openConflicts.ts';
export type {
  CrisisModeEnd,
  CrisisModeHealth,
  CrisisModeOrders,
  CrisisModeState,
} from './crisis/crisisModeState.ts';
export type { CrisisPlans } from './crisis/crisisPlans.ts';
export type { CrisisAnswer } from './crisis/crisisResponder.ts';
export type { FoundPlan, PlanStatus, PlansInMemory } from './crisis/plansAtHand.ts';
export type { EscalationNotice, EscalationStep } from './escalation/escalationStep.ts';
export type { UndeliveredCrises } from './escalation/undelivered.ts';
export type {
  /** @public */
  UnreadableCounts,
} from './escalation/unreadableCrises.ts';
export type {
  Fact,
  FactKind,
  FactListener,
  FactOf,
  Override,
} from './facts/fact.ts';
export { FACT_NEWS, NEWS_KINDS, NEWS_WANTED } from './facts/factNews.ts';
export type { FactChannel } from './facts/factStream.ts';
export { FACT_KINDS } from './facts/factTable.ts';
export {
  alertLevel,
  heldSaid,
  LOGGED_KINDS,
  lineOf,
  newsWords,
  stuckSaid,
} from './facts/factWords.ts';
export type { Acceptance } from './operation/acceptance.ts';
export { derivedKey, isEditBy } from './operation/acceptance.ts';
export { type AttemptEnd, endOf } from './operation/givenAttempt.ts';
export type {
  Attempt,
  ConflictOptions,
  Fetch,
  FetchedRecord,
  Handler,
  OwnHandler,
  RequestNames,
  Run,
  TakenRecord,
} from './operation/handler.ts';
export { conflictRulesOf } from './operation/handler.ts';
export type { OperationFilter } from './operation/operationFilter.ts';
export type { OperationView, OperationWait, Outcome } from './operation/outcome.ts';
export type { OperationPage, StoreCounts } from './operation/rowView.ts';
export type { CrisisDecided, CrisisView } from './recovery/crisisAccess.ts';
export type {
  DeadLetterRecord,
  /** @public */
  DeadLetterReplay,
} from './recovery/deadLetterAccess.ts';
export type { QuarantineRecord } from './recovery/quarantineAccess.ts';
export type { OperationRecords, Wish } from './recovery/recordsAtRest.ts';
export type { CheckProgress } from './recovery/storeCheck.ts';
export type { StartTrouble } from './supervisor.ts';
export type { CallContext } from './upstream/callAttempt.ts';
export type { CallFunction, CallOptions } from './upstream/guardedCall.ts';
export type { UpstreamOrders } from './upstream/upstreamOrders.ts';
export type { Inspection } from './work/inspection.ts';
export type { WaitingWork } from './work/waitingWork.ts';

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
  /** The level of service of the process, and the signals that call for it. */
  readonly level: Level;
  readonly causes: readonly LevelCause[];
  readonly storage: {
    readonly state: StorageState;
    /** Since when it is in that state; `null` since the start. */
    readonly sinceAtMs: number | null;
    /** What the last failed write failed with, while storage is not well. */
    readonly failure: ErrorCode | null;
  };
  readonly upstreams: readonly UpstreamState[];
  /** Work that is due and does not begin, where nothing explains that. */
  readonly stuck: readonly {
    readonly upstream: string;
    /** What is said to stand against it; `unknown` where it may run, as far as is known. */
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
    /** It is to begin at an instant to come. */
    readonly scheduled: number;
    /** The rate of their subject or tier is used up. */
    readonly rateLimited: number;
    /** Their turn at an upstream, which says why it is not theirs, or the time after a failed attempt. */
    readonly turn: number;
  };
  /** What `turn` and `inLane` count, by upstream and rank: since when, and why. */
  readonly queue: readonly WaitingWork[];
  /** Crises that did not go as they should, since the start; those that have escalated, now. */
  readonly crises: EscalationCounts & {
    readonly refused: number;
    readonly mended: number;
    /** Delivered and not kept, since the disk hung. */
    readonly unkept: number;
    /** By upstream, those that are not delivered: since when, and why. */
    readonly undelivered: readonly UndeliveredCrises[];
    /** Those whose rows can't be read, and which may not have been delivered. */
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
    /** It was blocked within the last minute. */
    readonly isBlocking: boolean;
  };
  /** How far the check of every record is, that follows each start. */
  readonly storeCheck: CheckProgress;
}

/**
 * An engine: it accepts requests, runs each as a durable operation until it ends, and answers crises
 * beside all of it. Everything rejects with a `HoldfastError`.
 *
 * @example
 * ```ts
 * engine.begin();
 * const { id } = await engine.accept(checkRequest(request, { payloadBytesMax, exemptionsOf }), { withinMs: 2_000 });
 * const outcome = await engine.outcome(id);
 * await engine.stop(5_000);
 * ```
 */
export interface Engine extends OperationRecords {
  /** Settles with the first start: resolves once work is accepted, rejects with why it can't be. */
  readonly ready: Promise<void>;
  /** True while work is accepted. */
  readonly isAccepting: boolean;
  /** True from the order to stop on: nothing is accepted any more. */
  readonly isStopped: boolean;
  /** Begins the first start. Called once; crises are answered before it, too. */
  begin(): void;
  /** Resolves once work is accepted; rejects with why the last start failed, or `HF_CLOSED`. */
  whenRunning(): Promise<void>;
  /**
   * As the work ends, which asks the store; `mayBeStored` where it changes something.
   *
   * @throws HoldfastError (rejects) `HF_STORE_HANGING` where the disk hangs and goes on to.
   */
  whileAnswering<Result>(work: Promise<Result>, mayBeStored: boolean): Promise<Result>;
  /** Does work in slices, between which crises are answered; rejects with what it throws. */
  inSlices<Result>(pieces: Pieces<Result>): Promise<Result>;
  /** Tries a start that failed again now, and resolves once one has succeeded (SV-6). */
  startAgain(): Promise<void>;
  /**
   * Lets a held store go (PS-5): what waits in it runs from now on. Resolves once that is durable;
   * `false` where nothing was held.
   */
  release(): Promise<boolean>;
  /**
   * Stops: admits nothing, lets what is in flight end for up to `deadlineMs`, writes where the rest
   * stands. Asked again, stops at once. What was accepted goes on at the next start (SV-4).
   */
  stop(deadlineMs: number): Promise<void>;

  /** The handlers that are registered, by request type. */
  readonly handlers: ReadonlyMap<string, Handler>;
  /**
   * Registers a handler, also while running; what waited for one of its type goes on (OP-7).
   *
   * @throws HoldfastError `HF_UPSTREAM_UNKNOWN`.
   */
  handle(type: string, handler: Handler): Promise<void>;
  /**
   * Accepts a checked request: resolves once it is durable (OP-2), from when on it is not lost; or with
   * the earlier operation that has its idempotency key.
   *
   * @param how `withinMs` is the longest wait in milliseconds, after which it may be accepted all the
   * same; `fromMs` is when that began by the monotonic clock, left out for now; `handler` performs this one operation in place of that of its type, as long as the process lives.
   * @throws HoldfastError `HF_IDEMPOTENCY_CONFLICT`, `HF_QUEUE_FULL`, `HF_STORE_STALLED` after
   * `withinMs`, `HF_STORE_…`, `HF_CLOSED`.
   */
  accept(
    request: CheckedRequest,
    how: {
      readonly withinMs: number;
      readonly fromMs?: number | undefined;
      readonly handler?: OwnHandler | undefined;
    },
  ): Promise<Acceptance>;
  /**
   * Accepts one of many requests: at the price of its record, without a deadline, in the order of the
   * calls. The operation waits at rest for its turn; a crisis goes out at once. Called only while
   * {@link isAccepting}, and with a type that has a handler.
   *
   * @throws HoldfastError as {@link accept}, but for `HF_STORE_STALLED`.
   */
  acceptMany(request: CheckedRequest): Promise<Acceptance>;
  /**
   * Answers a person in crisis at once, in every phase; never rejects (CR-1).
   *
   * @param id of its operation, where somebody has been told one already
   */
  crisis(request: unknown, id?: string): Promise<CrisisAnswer>;
  /** Tells `listener` of the crisis plans that are in memory, now and whenever they have changed. */
  watchPlans(listener: (plans: PlansInMemory) => void): void;
  /** By which a thread that answers crises has them kept while this one is blocked (CR-4); `null` for nobody who could. */
  spillLine(): SpillLine | null;
  /** An outside caller has asked for so many different subjects within ten minutes (CR-3). */
  manySubjects(caller: CrisisManySubjects['caller'], subjects: number): void;
  /** Another thread has had no sign of this one for so many milliseconds, until now (CR-1). */
  loopWasBlocked(forMs: number): void;
  /** The records that edits change, as they are known here (CF-1). */
  readonly entities: EntityAccess;
  /** The crisis plans of subjects, which lead the answers to them (CR-3). */
  readonly crisisPlans: CrisisPlans;
  /** What people order of crisis mode (CR-6). */
  readonly crisisModes: CrisisModeOrders;

  /**
   * Makes a call under the flow control of its upstream, and keeps nothing of it. Works without a store.
   *
   * @throws HoldfastError (rejects) `HF_UPSTREAM_UNKNOWN`, `HF_UPSTREAM_DOWN`, `HF_QUEUE_FULL`,
   * `HF_ATTEMPT_TIMED_OUT`, `HF_EXPIRED`, `HF_CLOSED`; and what `run` throws.
   */
  call<Value>(upstream: string, run: CallFunction<Value>, options?: CallOptions): Promise<Value>;

  /**
   * How it ended, once that is durable; for a crisis as soon as its delivery has ended.
   *
   * @throws HoldfastError as {@link view}; `HF_STORE_…`; `HF_CLOSED` when the engine stops before it ends.
   */
  outcome(id: string): Promise<Outcome>;
  /** Calls `listener` with each change of its state until the returned function is called. */
  watch(id: string, listener: (view: OperationView) => void): () => void;
  /** One as it stands now where it is in memory; `null` for any other. */
  viewNow(id: string): OperationView | null;

  /** What may be watched of its charts in this process (OB-1). */
  readonly inspection: Inspection;

  /** The state of one upstream. @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  upstream(name: string): UpstreamState;
  /** What an operator may order of one upstream. @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  upstreamOrders(name: string): UpstreamOrders;
  health(): EngineHealth;
  /**
   * Tells `listener` of every fact, or of these kinds, or of these where they are wanted, in order, until the
   * returned function is called.
   */
  subscribe(listener: FactListener, kinds?: readonly FactKind[], wanted?: WantedFacts): () => void;
}

/** One upstream as it is at this moment. */
export interface UpstreamState {
  readonly name: string;
  /** State of its breaker. */
  readonly breaker: BreakerState;
  /**
   * It may be tried, and nothing is sent to it: nothing waits, and nothing was sent since it was tried last, or since a
   * person let it go. Nobody knows whether it is well, and no score is taken for it.
   */
  readonly isUntried: boolean;
  /** Its level of service. */
  readonly level: Level;
  /** The signals that call for it; none where it is normal. */
  readonly causes: readonly LevelCause[];
  /** Calls in flight that hold a slot: attempts of operations, and calls that are not kept. */
  readonly inFlight: number;
  /** Deliveries of crises in flight, which hold none of these slots. */
  readonly crisesInFlight: number;
  /** Of these, and of those that have lost their slot, whose handler is silent far beyond its time-out. */
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
