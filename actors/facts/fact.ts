/**
 * Every fact that the runtime tells of (OB-5): what happened, when, and to which operation, upstream or
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
import type { StorageState } from '../../machines/policy/service/storageTrouble.ts';
import type { StuckReason } from '../../machines/policy/service/stuckWork.ts';
import type { AlertReason } from '../../machines/supervisor/supervisorSetup.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { Person } from '../../machines/vocabulary/person.ts';
import type { WaitCause } from '../../machines/vocabulary/waitCause.ts';
import type { AboutAttempt, AboutOperation, Told } from './about.ts';
import type { ConflictFact } from './conflictFacts.ts';
import type { CrisisFact } from './crisisFacts.ts';

/** It is on disk and synced: no crash loses it from here on (OP-2). */
export interface OperationAccepted extends Told<'operation.accepted'>, AboutOperation {}

/** A request found an earlier operation with its idempotency key: nothing new was stored (OP-8). */
export interface OperationDuplicated extends Told<'operation.duplicated'> {
  /** The earlier operation. */
  readonly operationId: string;
}

/**
 * Why an operation waits with nothing in flight.
 * - `slot`: every slot at its upstream is taken, or others wait before it.
 * - `ramp`: so are those that have opened again after a start or an outage.
 * - `breaker`, `probe`: its upstream is down: the next probe is not due, or those that may be are out.
 * - `operator`: somebody holds the breaker of its upstream open.
 * - `rate`: the rate of its upstream, its tier or its subject is used up.
 * - `level`: the level of service keeps the slots for what is more urgent.
 * - `storage`: nothing can be made durable.
 * - `start`, `stopping`: what waits is not run yet, or no more; `start` where its store is held, too.
 * - `suspect`: an operation that may have ended the process runs alone.
 * - `lane`: an earlier operation of its entity has not ended.
 * - `backoff`: its last attempt failed, and the next one is not due.
 * - `handler`: no handler of its type is registered.
 * - `overhang`: its handler is silent far beyond its time-out, and has to return first.
 * - `conflict`, `review`: a person has to decide.
 */
export type ParkReason = TurnReason | Exclude<WaitReason, 'turn'>;

/** Why an operation does not get its turn at once. */
export type TurnReason = WaitCause;

/**
 * It waits. `reason` is that of the moment: where a breaker opens or a level changes while it waits,
 * the facts of those say so. Not told of the first wait of what was accepted in bulk.
 */
export interface OperationParked extends Told<'operation.parked'>, AboutOperation {
  readonly reason: ParkReason;
  /** When it is due, for `backoff`, and for the `rate` of its subject or tier; else `null`. */
  readonly dueAtMs: number | null;
}

/**
 * It waits no longer for its lane, a handler or a person: what it waited for is there, somebody decided,
 * or it ends without; it may wait for something else at once. The other waits end with its next attempt,
 * or with its ending.
 */
export interface OperationResumed extends Told<'operation.resumed'>, AboutOperation {}

/**
 * It was in flight when its process ended without a stop, so it may be what ended it. It runs again
 * with few others, after three crashes in a row alone (RT-4).
 */
export interface OperationSuspected extends Told<'operation.suspected'>, AboutOperation {
  /** Crashes in a row that found it in flight. */
  readonly crashes: number;
}

/** It has ended, and that is on disk. A dead letter waits for somebody. */
export interface OperationEnded extends Told<'operation.ended'>, AboutOperation {
  readonly ending: Ending;
  /** Why it was given up; `null` for any other ending. */
  readonly code: ErrorCode | null;
  /** Attempts made. */
  readonly attempts: number;
  /** From acceptance to the ending, in milliseconds, by the wall clock. */
  readonly elapsedMs: number;
}

/** The handler is called. */
export interface AttemptStarted extends Told<'attempt.started'>, AboutAttempt {
  /** True after an attempt that failed. */
  readonly isRetry: boolean;
}

/** The upstream took it. The operation ends once that is on disk. */
export interface AttemptSucceeded extends Told<'attempt.succeeded'>, AboutAttempt {
  readonly elapsedMs: number;
}

/** It failed; what follows is told by the operation's next fact. */
export interface AttemptFailed extends Told<'attempt.failed'>, AboutAttempt {
  readonly failureClass: FailureClass;
  readonly code: ErrorCode;
  /** The HTTP status, where there was one; else `null`. */
  readonly status: number | null;
  readonly elapsedMs: number;
}

/** It was aborted and did not succeed; the operation was cancelled, or goes on at the next start. */
export interface AttemptAborted extends Told<'attempt.aborted'>, AboutAttempt {
  readonly why: 'cancelled' | 'stopping';
  readonly elapsedMs: number;
}

/** The handler failed with an exception of its own: most likely a defect in it. */
export interface HandlerThrew extends Told<'handler.threw'>, AboutAttempt {
  /** Its class and where it came from, as `TypeError at src/pay.js:12`; never its message. */
  readonly exception: string;
}

/**
 * The handler has not returned though its attempt was told to stop, for three times its time-out in all.
 * It holds its lane until it returns, or the process ends (OP-3).
 */
export interface HandlerOverhangs extends Told<'handler.overhangs'>, AboutAttempt {
  /** Since its call, in milliseconds. */
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
 * The flow to an upstream was tuned, or would have been cut off: what was found out, and by what.
 * - `outage.observed`: its breaker only observes, and would have opened.
 * - `overload.detected`: it had too much to do; its slots were halved.
 * - `trial.began`, `trial.kept`, `trial.undone`: whether fewer slots do as much.
 * - `ramp.ended`: its slots are open again.
 * - `rate.learned`, `rate.lifted`: it answers 429, so it is asked at a rate; or no more.
 */
export interface FlowChanged extends Told<'flow.changed'> {
  readonly upstream: string;
  readonly what: 'outage.observed' | Exclude<FlowNews['type'], 'outage.detected'>;
  /** Slots, or calls a second, before and after; `null` where there are none to tell. */
  readonly from: number | null;
  readonly to: number | null;
  /** Why slots were changed; `null` for what says so itself. */
  readonly because: FlowReason | null;
}

/**
 * Every call of a type, or for one subject of a type, fails at an upstream while others succeed: its work is parked by
 * itself, and holds up nothing else (CB-2). Or that has ended.
 */
export interface ParkingChanged extends Told<'parking.changed'> {
  readonly upstream: string;
  /** A type, or one subject; the fact never says whose. */
  readonly what: 'type' | 'subject';
  /** The type that fails, or of which the calls for the subject do; `null` for functions given with their requests. */
  readonly type: string | null;
  readonly isParked: boolean;
}

/** The level of service of an upstream, or of the process, has changed (DG-1). */
export interface LevelChanged extends Told<'level.changed'> {
  /** The upstream; `null` for the level of the process. */
  readonly upstream: string | null;
  readonly from: Level;
  readonly to: Level;
  /** What called for it; empty for `normal`, and after a restart of the component. */
  readonly causes: readonly LevelCause[];
}

/** Storage has changed its state (PS-6). */
export interface StorageChanged extends Told<'storage.changed'> {
  readonly from: StorageState;
  readonly to: StorageState;
  /** What the store said; `null` where nothing failed. */
  readonly code: ErrorCode | null;
}

/** A store that is held was opened: nothing of it runs but crises (PS-5). */
export interface StoreHeld extends Told<'store.held'> {
  readonly reason: 'restored' | 'copied' | 'unreadable';
}

/** A record could not be opened and was quarantined; the others go on (PS-3). */
export interface RecordQuarantined extends Told<'record.quarantined'> {
  readonly operationId: string;
  /** Why it could not be opened. */
  readonly code: ErrorCode;
}

/** A record of a later version of holdfast was met. It is left as it is and goes on there (PS-3). */
export interface RecordNewer extends Told<'record.newer'> {
  readonly operationId: string;
}

/** What a person, or the app for one, has ordered past what holdfast would have done by itself. */
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

/** An order of a person is in force; what is kept of it is on disk, or follows a moment later. */
export interface OverrideMade extends Told<'override.made'> {
  readonly what: Override;
  /** Whose breaker; `null` for any other order. */
  readonly upstream: string | null;
  /** The operation, where the order is about one; else `null`. */
  readonly operationId: string | null;
  /** How many operations it has changed. */
  readonly count: number;
  /** Who ordered it, as they were named to the call; `null` where nobody was. */
  readonly by: Person | null;
}

/** It runs: the store is open and work is accepted. */
export type RuntimeStarted = Told<'runtime.started'>;

/** It was told to stop: nothing is admitted any more, and what is in flight has so long to end. */
export interface RuntimeStopping extends Told<'runtime.stopping'> {
  readonly deadlineMs: number;
}

/** It has stopped: nothing more happens in it. */
export type RuntimeStopped = Told<'runtime.stopped'>;

/** A start has failed. Where the cause may pass it is tried again (SV-6). */
export interface StartFailed extends Told<'start.failed'> {
  readonly code: ErrorCode;
}

/** A component has failed and is restarted (SV-2). */
export interface ComponentFailed extends Told<'component.failed'> {
  /** `writer`, `operations`, `breaker:<upstream>`, `degradation:<upstream>`, … */
  readonly component: string;
  readonly code: ErrorCode | null;
}

/** The supervisor can't help any more: a person has to look (SV-2). */
export interface SupervisorAlerted extends Told<'supervisor.alerted'> {
  /** `null` where the whole runtime is meant. */
  readonly component: string | null;
  readonly reason: AlertReason;
}

/** The event loop ran nothing for so long, crises included (CR-1). Told once it runs again. */
export interface EventLoopBlocked extends Told<'eventLoop.blocked'> {
  /** At least this long, in milliseconds. */
  readonly delayMs: number;
}

/**
 * The machine slept, or the process was stopped, and the event loop had nothing to do meanwhile. It is told where the
 * platform's monotonic clock counts that time; elsewhere nothing is noticed of it.
 */
export interface MachineSlept extends Told<'machine.slept'> {
  /** At least this long, in milliseconds. */
  readonly forMs: number;
}

/** Work is due at an upstream, nothing begins, and nothing is known that would explain it. */
export interface WorkStuck extends Told<'work.stuck'> {
  readonly upstream: string;
  /** What is said to stand against it; `unknown` where it may run, as far as is known. */
  readonly because: StuckReason;
  /** For how long nothing has begun, in milliseconds. */
  readonly forMs: number;
}

/** Work goes on at an upstream where it was stuck, or none is left. */
export interface WorkMoving extends Told<'work.moving'> {
  readonly upstream: string;
}

/** Something failed of which no caller hears; `onError` is told what. */
export interface FailureNoted extends Told<'failure.noted'> {
  /** `null` for what is no error of holdfast, as an exception of a listener. */
  readonly code: ErrorCode | null;
}

/** What happened: a union told apart by `kind`. New kinds may come; leave alone what you do not know. */
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
 * Told of each fact, in order, right after the work that it is part of and before anything else runs:
 * be quick, and do not block. It may call the runtime. What it throws harms nothing and reaches
 * `onError` once.
 */
export type FactListener = (fact: Fact) => void;
