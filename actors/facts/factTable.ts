/**
 * How each fact is made from what is at hand where it happens. The caller that emits a fact names its kind and
 * hands over the material; which parts of it the fact holds is decided here and nowhere else (SE-5).
 *
 * @module
 */

import { type BreakerChange, breakerChangeOf } from '../../machines/breaker/breakerChange.ts';
import type { CircuitBreakerEvent } from '../../machines/breaker/circuitBreakerSetup.ts';
import type {
  ChainStep,
  CrisisEscalation,
  EscalationCause,
  StepFailure,
  TakenOn,
} from '../../machines/crisis/crisisEscalation.ts';
import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import type { WaitReason } from '../../machines/operation/waitReason.ts';
import type { BreakerState } from '../../machines/policy/breaker/breakerPolicy.ts';
import type { Failure } from '../../machines/policy/retry/classifyFailure.ts';
import type { Level } from '../../machines/policy/service/degradationLevel.ts';
import type { LevelCause } from '../../machines/policy/service/degradationPolicy.ts';
import type { StuckReason } from '../../machines/policy/service/restartPolicy.ts';
import type { StorageState } from '../../machines/policy/service/storageTrouble.ts';
import type { Alert } from '../../machines/supervisor/supervisorMachine.ts';
import {
  type ErrorCode,
  type HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';
import type { ConflictReason } from '../../machines/vocabulary/record.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { AboutAttempt, AboutOperation } from './about.ts';
import type { AboutConflict, ConflictMerged } from './conflictFacts.ts';
import type { CrisisModeChanged } from './crisisFacts.ts';
import type {
  AttemptAborted,
  FactKind,
  FactOf,
  FlowChanged,
  Override,
  OverrideMade,
  ParkingChanged,
  ParkReason,
} from './fact.ts';

type Context = SyncOperationContext;
/** The upstream of its handler; `null` where it has none. */
type UpstreamName = string | null;

/** A step of a chain, and the number of its calls. */
type CalledStep = Pick<ChainStep, 'name' | 'calls'>;

/** The fields of a fact beside those that the stream adds. */
type Details<Kind extends FactKind> = Omit<FactOf<Kind>, 'kind' | 'atMs'>;

export const FACT_TABLE = {
  'operation.accepted': (context: Context, upstream: UpstreamName) => operation(context, upstream),
  'operation.duplicated': (operationId: string) => ({ operationId }),
  'operation.parked': (
    context: Context,
    upstream: UpstreamName,
    reason: ParkReason,
    waitsFor: WaitReason,
  ) => ({
    ...operation(context, upstream),
    reason,
    dueAtMs: waitsFor === 'backoff' || waitsFor === 'rate' ? context.wakeAtMs : null,
  }),
  'operation.resumed': (context: Context, upstream: UpstreamName, _waitedFor: WaitReason) =>
    operation(context, upstream),
  'operation.suspected': (context: Context, upstream: UpstreamName) => ({
    ...operation(context, upstream),
    crashes: context.crashes,
  }),
  'operation.ended': (context: Context, upstream: UpstreamName) => ({
    ...operation(context, upstream),
    ending: context.ending ?? 'deadLettered',
    code: context.ending === 'deadLettered' ? (context.failure?.code ?? null) : null,
    attempts: context.isSpent ? context.attempt : context.attempt - 1,
    elapsedMs: Math.max(0, (context.settledAtMs ?? context.acceptedAtMs) - context.acceptedAtMs),
  }),
  'attempt.started': (context: Context, upstream: UpstreamName) => ({
    ...attempt(context, upstream),
    isRetry: context.failure !== null,
  }),
  'attempt.succeeded': (context: Context, upstream: UpstreamName, elapsedMs: number) => ({
    ...attempt(context, upstream),
    elapsedMs,
  }),
  'attempt.failed': (
    context: Context,
    upstream: UpstreamName,
    elapsedMs: number,
    failure: Failure,
  ) => ({
    ...attempt(context, upstream),
    failureClass: failure.failureClass,
    code: failure.code,
    status: failure.status ?? null,
    elapsedMs,
  }),
  'attempt.aborted': (
    context: Context,
    upstream: UpstreamName,
    elapsedMs: number,
    why: AttemptAborted['why'],
  ) => ({ ...attempt(context, upstream), why, elapsedMs }),
  'handler.overhangs': (context: Context, upstream: UpstreamName, elapsedMs: number) => ({
    ...attempt(context, upstream),
    elapsedMs,
  }),
  /** `thrown` is for `onError` alone: what it says may be anything. */
  'handler.threw': (
    context: Context,
    upstream: UpstreamName,
    exception: string,
    _thrown: unknown,
  ) => ({ ...attempt(context, upstream), exception }),
  /** `event` is the last event of the chart; `null` for one that has just started again. */
  'breaker.changed': (
    upstream: string,
    from: BreakerState,
    to: BreakerState,
    event: CircuitBreakerEvent | null,
  ): Details<'breaker.changed'> => ({ upstream, from, to, why: whyOf(event) }),
  'flow.changed': (
    upstream: string,
    what: FlowChanged['what'],
    numbers: Pick<FlowChanged, 'from' | 'to' | 'because'>,
  ) => ({ upstream, what, ...numbers }),
  'parking.changed': (
    upstream: string,
    what: ParkingChanged['what'],
    type: string | null,
    isParked: boolean,
  ) => ({ upstream, what, type, isParked }),
  'level.changed': (scope: string, from: Level, to: Level, causes: readonly LevelCause[]) => ({
    upstream: scope === 'global' ? null : scope,
    from,
    to,
    causes: Object.freeze([...causes]),
  }),
  'storage.changed': (from: StorageState, to: StorageState, error: HoldfastError | null) => ({
    from,
    to,
    code: error?.code ?? null,
  }),
  'store.held': (reason: FactOf<'store.held'>['reason'], _told: HoldfastError) => ({ reason }),
  'record.quarantined': (operationId: string, code: ErrorCode) => ({ operationId, code }),
  /** `isCrisis` is for the parts that count crises. */
  'record.newer': (operationId: string, _isCrisis: boolean) => ({ operationId }),
  'crisis.refused': (cause: HoldfastError) => ({ code: cause.code }),
  'crisis.mended': (operationId: string, leftOut: readonly string[]) => ({
    operationId,
    fieldsLeftOut: leftOut.length,
  }),
  'crisis.unkept': (operationId: string) => ({ operationId }),
  'crisis.escalated': (context: Context, upstream: UpstreamName, cause: EscalationCause) => ({
    ...attempt(context, upstream),
    cause,
  }),
  'crisis.unreadable': (operationId: string, code: ErrorCode, acceptedAtMs: number) => ({
    operationId,
    code,
    acceptedAtMs,
  }),
  'crisis.undelivered': (
    upstream: UpstreamName,
    its: Omit<Details<'crisis.undelivered'>, 'upstream'>,
  ) => ({ upstream, ...its }),
  'crisis.caughtUp': (upstream: UpstreamName) => ({ upstream }),
  'crisis.stepNotified': (context: Context, upstream: UpstreamName, step: CalledStep) => ({
    ...operation(context, upstream),
    step: step.name,
    calls: step.calls,
  }),
  /** `thrown` is for `onError` alone: what it says may be anything. */
  'crisis.stepFailed': (
    context: Context,
    upstream: UpstreamName,
    step: CalledStep & { readonly why: StepFailure; readonly makesWay: boolean },
    _thrown: unknown,
  ) => ({
    ...operation(context, upstream),
    step: step.name,
    calls: step.calls,
    why: step.why,
    makesWay: step.makesWay,
  }),
  'crisis.noted': decided,
  'crisis.acknowledged': takenOn,
  'crisis.acknowledgementEnding': takenOn,
  'crisis.acknowledgementLapsed': takenOn,
  'crisis.released': decided,
  'crisis.callOffProposed': decided,
  'crisis.exhausted': (
    context: Context,
    upstream: UpstreamName,
    { steps, round }: CrisisEscalation,
  ) => ({
    ...operation(context, upstream),
    stepsNotified: steps.filter(({ outcome }) => outcome === 'told').length,
    round,
  }),
  'crisis.calledOff': (context: Context, upstream: UpstreamName, by: Person | null) => ({
    ...operation(context, upstream),
    by: by && Object.freeze({ ...by }),
  }),
  'crisis.escalationEnded': (
    context: Context,
    upstream: UpstreamName,
    ending: FactOf<'crisis.escalationEnded'>['ending'],
  ) => ({ ...operation(context, upstream), ending }),
  'crisis.planLate': (operationId: string | null) => ({ operationId }),
  'crisis.answeredLate': (operationId: string | null, elapsedMs: number) => ({
    operationId,
    elapsedMs,
  }),
  'crisis.manySubjects': (caller: FactOf<'crisis.manySubjects'>['caller'], subjects: number) => ({
    caller,
    subjects,
  }),
  /** Subject of `mode` is for the audit alone, `null` for everybody. */
  'crisisMode.changed': (
    mode: {
      readonly id: string;
      readonly scope: CrisisModeChanged['scope'];
      readonly subject: string | null;
    },
    what: CrisisModeChanged['what'],
    by: Person | null,
    endsAtMs: number | null,
  ) => ({ modeId: mode.id, scope: mode.scope, what, by: by && Object.freeze({ ...by }), endsAtMs }),
  'conflict.detected': (of: AboutConflict, reason: ConflictReason) => ({ ...conflict(of), reason }),
  'conflict.merged': (
    of: AboutConflict,
    made: Pick<ConflictMerged, 'round' | 'questions' | 'decided' | 'elapsedMs'>,
  ) => ({
    ...conflict(of),
    round: made.round,
    questions: made.questions,
    decided: made.decided,
    elapsedMs: made.elapsedMs,
  }),
  'conflict.awaitsReview': (
    of: AboutConflict,
    reason: ConflictReason,
    questions: number,
    isHeld: boolean,
  ) => ({ ...conflict(of), reason, questions, isHeld }),
  'conflict.displaced': (of: AboutConflict, askedBy: string) => ({ ...conflict(of), askedBy }),
  'conflict.resolved': (of: AboutConflict, by: Person | null, elapsedMs: number) => ({
    ...conflict(of),
    by: by && Object.freeze({ ...by }),
    elapsedMs,
  }),
  'conflict.undone': (of: AboutConflict, by: Person) => ({
    ...conflict(of),
    by: Object.freeze({ ...by }),
  }),
  'conflict.quarantined': (of: AboutConflict, reason: ConflictReason) => ({
    ...conflict(of),
    reason,
  }),
  'override.made': (
    what: Override,
    about: Partial<Pick<OverrideMade, 'upstream' | 'operationId' | 'count' | 'by'>>,
  ) => ({
    what,
    upstream: about.upstream ?? null,
    operationId: about.operationId ?? null,
    count: about.count ?? 0,
    by: about.by === undefined || about.by === null ? null : Object.freeze({ ...about.by }),
  }),
  'runtime.started': () => ({}),
  'runtime.stopping': (deadlineMs: number) => ({ deadlineMs }),
  'runtime.stopped': () => ({}),
  'start.failed': (cause: unknown) => ({ code: codeOf(cause) ?? 'HF_INTERNAL' }),
  'component.failed': (component: string, error: unknown) => ({ component, code: codeOf(error) }),
  'supervisor.alerted': (alert: Alert) => ({
    component: alert.component,
    reason: alert.reason,
  }),
  'eventLoop.blocked': (delayMs: number) => ({ delayMs }),
  'machine.slept': (forMs: number) => ({ forMs }),
  'work.stuck': (upstream: string, because: StuckReason, forMs: number) => ({
    upstream,
    because,
    forMs,
  }),
  'work.moving': (upstream: string) => ({ upstream }),
  'failure.noted': (error: unknown) => ({ code: codeOf(error) }),
} satisfies {
  // Each kind has parameters of its own.
  readonly [Kind in FactKind]: (...about: never[]) => Details<Kind>;
};

type FactTable = typeof FACT_TABLE;

/** Every kind of fact. */
export const FACT_KINDS: readonly FactKind[] = Object.keys(FACT_TABLE) as FactKind[];

/** The material for a fact of this kind. */
export type Material<Kind extends FactKind> = Parameters<FactTable[Kind]>;

function decided(context: Context, upstream: UpstreamName, by: Person) {
  return { ...operation(context, upstream), by: Object.freeze({ ...by }) };
}

function takenOn(context: Context, upstream: UpstreamName, { by, untilMs }: TakenOn) {
  return { ...decided(context, upstream, by), untilMs };
}

function operation(context: Context, upstream: UpstreamName): AboutOperation {
  return {
    operationId: context.id,
    type: context.type,
    upstream,
    tier: context.tier,
    priority: context.priority,
  };
}

function attempt(context: Context, upstream: UpstreamName): AboutAttempt {
  return { ...operation(context, upstream), attempt: context.attempt };
}

/** The fields of a conflict that facts may hold: nothing else of its record. */
function conflict(of: AboutConflict): AboutConflict {
  return {
    conflictId: of.conflictId,
    operationId: of.operationId,
    type: of.type,
    upstream: of.upstream,
    entityType: of.entityType,
  };
}

function whyOf(event: CircuitBreakerEvent | null): BreakerChange {
  return breakerChangeOf(event);
}

function codeOf(error: unknown): ErrorCode | null {
  return isHoldfastError(error) ? error.code : null;
}
