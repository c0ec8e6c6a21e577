/**
 * Every fact that the runtime emits (OB-5): what happened, when, and to which operation, upstream or
 * component. No fact holds a payload, a response, a subject, an entity, a key or the text of a
 * failure, so any of them may be logged, counted or sent on (SE-5). docs/facts.md lists them for apps.
 *
 * @module
 */

import type { BreakerChange } from '../../machines/breaker/breakerChange.ts';
import type { Ending } from '../../machines/operation/syncOperationMachine.ts';
import type { WaitReason } from '../../machines/operation/waitReason.ts';
import type { BreakerState } from '../../machines/policy/breaker/breakerPolicy.ts';
import type { FlowNews, FlowReason } from '../../machines/policy/flow/flowNews.ts';
import type { FailureClass } from '../../machines/policy/retry/classifyFailure.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import type { LevelCause } from '../../machines/policy/service/degradationPolicy.ts';
import type { StuckReason } from '../../machines/policy/service/restartPolicy.ts';
import type { StorageState } from '../../machines/policy/service/storageTrouble.ts';
import type { AlertReason } from '../../machines/supervisor/supervisorSetup.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { WaitCause } from '../../machines/vocabulary/standing.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { AboutAttempt, AboutOperation, Told } from './about.ts';
import type { ConflictFact } from './conflictFacts.ts';
import type { CrisisFact } from './crisisFacts.ts';

/** An operation is on disk and synced: no crash loses it from here on (OP-2). */
export interface OperationAccepted extends Told<'operation.accepted'>, AboutOperation {}

/** A request found an earlier operation with its idempotency key: nothing new was stored (OP-8). */
export interface OperationDuplicated extends Told<'operation.duplicated'> {
  /** The earlier operation. */
  readonly operationId: string;
}

/**
 * Why an operation waits with nothing in flight.
 * - `slot`: every slot at its upstream is taken, or others wait before it.
 * - `ramp`: the slots that have opened again after a start or an outage are taken.
 * - `breaker`, `probe`: its upstream is down: the next probe is not due, or the allowed ones are out.
 * - `operator`: a person holds the breaker of its upstream open.
 * - `rate`: the rate of its upstream, its tier or its subject is used up.
 * - `level`: the level of service keeps the slots for more urgent work.
 * - `storage`: nothing can be made durable.
 * - `start`, `stopping`: no work runs yet, or any more; `start` where the store is held, too.
 * - `suspect`: an operation that may have ended the process runs alone.
 * - `lane`: an earlier operation of its entity has not ended.
 * - `backoff`: its last attempt failed, and the next one is not due.
 * - `handler`: no handler of its type is registered.
 * - `overhang`: its handler is silent far beyond its time-out, and has to return first.
 * - `conflict`, `review`: a person has to decide.
 */
export type ParkReason = TurnReason | Exclude<WaitReason, 'turn'>;

/** The reason why an operation does not get its turn at once. */
export type TurnReason = WaitCause;

/**
 * An operation waits. `reason` is the first one: where a breaker opens or a level changes while it waits,
 * the facts of those say so. Not emitted for the first wait of operations that were accepted in bulk.
 */
export interface OperationParked extends Told<'operation.parked'>, AboutOperation {
  readonly reason: ParkReason;
  /** When it is due, for `backoff`, and for the `rate` of its subject or tier; else `null`. */
  readonly dueAtMs: number | null;
}

/**
 * An operation waits no longer for its lane, a handler or a person: what it waited for is there, a person decided,
 * or it ends without; it may wait for something else at once. Other waits end with its next attempt,
 * or with its ending.
 */
export interface OperationResumed extends Told<'operation.resumed'>, AboutOperation {}

/**
 * An operation was in flight when its process ended without a stop, so it may have caused that. It runs again
 * with few others, and alone after three crashes in a row (RT-4).
 */
export interface OperationSuspected extends Told<'operation.suspected'>, AboutOperation {
  /** Crashes in a row that found it in flight. */
  readonly crashes: number;
}

/** An operation has ended, and that is on disk. A dead letter waits for a person. */
export interface OperationEnded extends Told<'operation.ended'>, AboutOperation {
  readonly ending: Ending;
  /** Why it was given up; `null` for any other ending. */
  readonly code: ErrorCode | null;
  /** Attempts made. */
  readonly attempts: number;
  /** Time from acceptance to the ending, in milliseconds, by the wall clock. */
  readonly elapsedMs: number;
}

/** The handler is called. */
export interface AttemptStarted extends Told<'attempt.started'>, AboutAttempt {
  /** True after an attempt that failed. */
  readonly isRetry: boolean;
}

/** The upstream has taken an attempt. The operation ends once that is on disk. */
export interface AttemptSucceeded extends Told<'attempt.succeeded'>, AboutAttempt {
  readonly elapsedMs: number;
}

/** An attempt failed; the operation's next fact says what follows. */
export interface AttemptFailed extends Told<'attempt.failed'>, AboutAttempt {
  readonly failureClass: FailureClass;
  readonly code: ErrorCode;
  /** The HTTP status, where there was one; else `null`. */
  readonly status: number | null;
  readonly elapsedMs: number;
}

/** An attempt was aborted and did not succeed; the operation was cancelled, or goes on at the next start. */
export interface AttemptAborted extends Told<'attempt.aborted'>, AboutAttempt {
  readonly why: 'cancelled' | 'stopping';
  readonly elapsedMs: number;
}

/** A handler failed with an exception of its own: most likely a defect in it. */
export interface HandlerThrew extends Told<'handler.threw'>, AboutAttempt {
  /** The class and the place of the exception, as `TypeError at src/pay.js:12`; never its message. */
  readonly exception: string;
}

/**
 * A handler has not returned within three times its time-out, though its attempt was aborted.
 * It holds its lane until it returns, or the process ends (OP-3).
 */
export interface HandlerOverhangs extends Told<'handler.overhangs'>, AboutAttempt {
  /** Time since its call, in milliseconds. */
  readonly elapsedMs: number;
}

/** The breaker of an upstream has changed its state. A trip is one `to: 'open'`. */
export interface BreakerChanged extends Told<'breaker.changed'> {
  readonly upstream: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly why: BreakerChange;
}

/**
 * The flow to an upstream was tuned, or would have been cut off.
 * - `outage.observed`: its breaker only observes, and would have opened.
 * - `overload.detected`: it had too much to do; its slots were halved.
 * - `trial.began`, `trial.kept`, `trial.undone`: whether fewer slots do as much.
 * - `ramp.ended`: its slots are open again.
 * - `rate.learned`, `rate.lifted`: it answers 429, so calls are limited to a rate; or no longer.
 */
export interface FlowChanged extends Told<'flow.changed'> {
  readonly upstream: string;
  readonly what: 'outage.observed' | Exclude<FlowNews['type'], 'outage.detected'>;
  /** Slots, or calls a second, before and after; `null` where neither applies. */
  readonly from: number | null;
  readonly to: number | null;
  /** Why slots were changed; `null` where `what` says it. */
  readonly because: FlowReason | null;
}

/**
 * Every call of a type, or for one subject of a type, fails at an upstream while others succeed: that work is parked by
 * itself, and delays nothing else (CB-2). Or that has ended.
 */
export interface ParkingChanged extends Told<'parking.changed'> {
  readonly upstream: string;
  /** Whether a type is parked, or one subject, whom the fact never names. */
  readonly what: 'type' | 'subject';
  /** The type that fails, or that of the subject's calls; `null` for functions given with their requests. */
  readonly type: string | null;
  readonly isParked: boolean;
}

/** The level of service of an upstream, or of the process, has changed (DG-1). */
export interface LevelChanged extends Told<'level.changed'> {
  /** The upstream; `null` for the level of the process. */
  readonly upstream: string | null;
  readonly from: Level;
  readonly to: Level;
  /** The signals that call for the level; empty for `normal`, and after a restart of the component. */
  readonly causes: readonly LevelCause[];
}

/** Storage has changed its state (PS-6). */
export interface StorageChanged extends Told<'storage.changed'> {
  readonly from: StorageState;
  readonly to: StorageState;
  /** The code of the failure; `null` where nothing failed. */
  readonly code: ErrorCode | null;
}

/** A held store was opened: only crises run (PS-5). */
export interface StoreHeld extends Told<'store.held'> {
  readonly reason: 'restored' | 'copied' | 'endMissing' | 'rolledBack';
}

/** A record could not be opened and was quarantined; the others go on (PS-3). */
export interface RecordQuarantined extends Told<'record.quarantined'> {
  readonly operationId: string;
  /** Why it could not be opened. */
  readonly code: ErrorCode;
}

/** A record of a later version of holdfast was found. It is left as it is, and goes on there (PS-3). */
export interface RecordNewer extends Told<'record.newer'> {
  readonly operationId: string;
}

/** An order of a person, or of the app for one, that overrides what holdfast would have done by itself. */
export type Override =
  | 'breaker.forceOpen'
  | 'breaker.disable'
  | 'breaker.observe'
  | 'breaker.release'
  | 'policies.set'
  | 'store.release'
  | 'crisisMode.enter'
  | 'crisisMode.leave'
  | 'operation.cancel'
  | 'operation.retryNow'
  | 'crisis.acknowledge'
  | 'crisis.release'
  | 'crisis.saySafe'
  | 'crisis.callOff'
  | 'conflict.resolve'
  | 'conflict.undo'
  | 'deadLetter.replay'
  | 'deadLetter.purge'
  | 'quarantine.retry'
  | 'quarantine.purge';

/** An order of a person is in force; its record is on disk, or follows a moment later. */
export interface OverrideMade extends Told<'override.made'> {
  readonly what: Override;
  /** The upstream of the breaker; `null` for any other order. */
  readonly upstream: string | null;
  /** The operation that the order is about; `null` for none. */
  readonly operationId: string | null;
  /** Operations that it has changed. */
  readonly count: number;
  /** The person who gave the order, as the call named them; `null` where it named nobody. */
  readonly by: Person | null;
}

/** The runtime runs: the store is open and work is accepted. */
export type RuntimeStarted = Told<'runtime.started'>;

/** The runtime stops: no new work is admitted, and calls in flight have until the deadline. */
export interface RuntimeStopping extends Told<'runtime.stopping'> {
  readonly deadlineMs: number;
}

/** The runtime has stopped: nothing more happens in it. */
export type RuntimeStopped = Told<'runtime.stopped'>;

/** A start has failed. It is tried again if the cause may pass (SV-6). */
export interface StartFailed extends Told<'start.failed'> {
  readonly code: ErrorCode;
}

/** A component has failed and is restarted (SV-2). */
export interface ComponentFailed extends Told<'component.failed'> {
  /** The component: `writer`, `operations`, `breaker:<upstream>`, `degradation:<upstream>`, … */
  readonly component: string;
  readonly code: ErrorCode | null;
}

/** The supervisor has run out of restarts: a person has to look (SV-2). */
export interface SupervisorAlerted extends Told<'supervisor.alerted'> {
  /** The component; `null` for the whole runtime. */
  readonly component: string | null;
  readonly reason: AlertReason;
}

/** The event loop ran nothing for so long, not even crises (CR-1). Emitted once it runs again. */
export interface EventLoopBlocked extends Told<'eventLoop.blocked'> {
  /** At least this long, in milliseconds. */
  readonly delayMs: number;
}

/**
 * The machine slept, or the process was stopped, and the event loop had nothing to do meanwhile. Emitted where the
 * platform's monotonic clock counts that time; elsewhere it goes unnoticed.
 */
export interface MachineSlept extends Told<'machine.slept'> {
  /** At least this long, in milliseconds. */
  readonly forMs: number;
}

/** Work is due at an upstream and nothing begins, for no known reason. */
export interface WorkStuck extends Told<'work.stuck'> {
  readonly upstream: string;
  /** The reason why it may not run; `unknown` where it may, as far as is known. */
  readonly because: StuckReason;
  /** The time in which nothing has begun, in milliseconds. */
  readonly forMs: number;
}

/** Stuck work at an upstream goes on, or none is left. */
export interface WorkMoving extends Told<'work.moving'> {
  readonly upstream: string;
}

/** Something failed without a caller to notify; `onError` gets the error. */
export interface FailureNoted extends Told<'failure.noted'> {
  /** The code; `null` for a foreign error, such as an exception of a listener. */
  readonly code: ErrorCode | null;
}

/** Any fact: a union discriminated by `kind`. New kinds may come; ignore those that you do not know. */
export type Fact =
  | OperationAccepted
  | OperationDuplicated
  | OperationParked
  | OperationResumed
  | OperationSuspected
  | OperationEnded
  | AttemptStarted
  | AttemptSucceeded
  | AttemptFailed
  | AttemptAborted
  | HandlerThrew
  | HandlerOverhangs
  | BreakerChanged
  | FlowChanged
  | ParkingChanged
  | LevelChanged
  | StorageChanged
  | StoreHeld
  | RecordQuarantined
  | RecordNewer
  | ConflictFact
  | CrisisFact
  | OverrideMade
  | RuntimeStarted
  | RuntimeStopping
  | RuntimeStopped
  | StartFailed
  | ComponentFailed
  | SupervisorAlerted
  | EventLoopBlocked
  | MachineSlept
  | WorkStuck
  | WorkMoving
  | FailureNoted;

export type FactKind = Fact['kind'];

/** The fact of one kind. */
export type FactOf<Kind extends FactKind> = Extract<Fact, { readonly kind: Kind }>;

/**
 * Receives each fact, in order, right after the work that it is part of and before anything else runs:
 * be quick, and do not block. It may call the runtime. Its exceptions harm nothing; the first one reaches
 * `onError`.
 */
export type FactListener = (fact: Fact) => void;
