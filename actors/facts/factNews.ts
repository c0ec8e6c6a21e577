/**
 * The fields of each kind of fact that an inspector may show. A field that is not listed stays here, so a
 * field that is added to a fact is not shown until somebody lists it (AC-2, SE-5). Left out on purpose are the
 * names of people, and where a handler threw.
 *
 * @module
 */

import type { FactKind, FactOf } from './fact.ts';
import type { WantedFacts } from './factStream.ts';
import { FACT_KINDS } from './factTable.ts';

/** The listed fields of a kind, and what each becomes. */
export interface NewsRule<Field extends string = string> {
  /** The field that names the actor it is about, or the upstream whose `actor` it is; `null` for none. */
  readonly about: Field | null;
  /** The prefix of the upstream in the id of that actor: `breaker:`. */
  readonly actor?: string;
  /** The id where `about` is `null` in the fact. */
  readonly otherwise?: string;
  /** The field that has the reason; `null` for none. */
  readonly reason: Field | null;
  readonly details: readonly Field[];
}

type NewsRules = { readonly [Kind in FactKind]: NewsRule<keyof FactOf<Kind> & string> };

const WORK = ['type', 'upstream', 'tier', 'priority'] as const;
const ATTEMPT = [...WORK, 'attempt'] as const;
const CONFLICT = ['conflictId', 'type', 'upstream', 'entityType'] as const;
const OPERATION = { about: 'operationId', reason: null } as const;

export const FACT_NEWS = {
  'operation.accepted': { ...OPERATION, details: WORK },
  'operation.duplicated': { ...OPERATION, details: [] },
  'operation.parked': {
    ...{ about: 'operationId', reason: 'reason', details: [...WORK, 'dueAtMs'] },
  },
  'operation.resumed': { ...OPERATION, details: WORK },
  'operation.suspected': { ...OPERATION, details: [...WORK, 'crashes'] },
  'operation.ended': {
    ...OPERATION,
    reason: 'code',
    details: [...WORK, 'ending', 'attempts', 'elapsedMs'],
  },
  'attempt.started': { ...OPERATION, details: [...ATTEMPT, 'isRetry'] },
  'attempt.succeeded': { ...OPERATION, details: [...ATTEMPT, 'elapsedMs'] },
  'attempt.failed': {
    ...OPERATION,
    reason: 'code',
    details: [...ATTEMPT, 'failureClass', 'status', 'elapsedMs'],
  },
  'attempt.aborted': { ...OPERATION, reason: 'why', details: [...ATTEMPT, 'elapsedMs'] },
  'handler.threw': { ...OPERATION, details: ATTEMPT },
  'handler.overhangs': { ...OPERATION, details: [...ATTEMPT, 'elapsedMs'] },
  'breaker.changed': {
    ...{ about: 'upstream', actor: 'breaker:', reason: 'why' },
    details: ['upstream', 'from', 'to'],
  },
  'flow.changed': {
    ...{ about: 'upstream', actor: 'scheduler:', reason: 'because' },
    details: ['upstream', 'what', 'from', 'to'],
  },
  'parking.changed': {
    ...{ about: 'upstream', actor: 'scheduler:', reason: null },
    details: ['upstream', 'what', 'type', 'isParked'],
  },
  'level.changed': {
    ...{ about: 'upstream', actor: 'degradation:', otherwise: 'degradation:global' },
    ...{ reason: 'causes', details: ['upstream', 'from', 'to'] },
  },
  'storage.changed': { about: null, reason: 'code', details: ['from', 'to'] },
  'store.held': { about: null, reason: 'reason', details: [] },
  'record.quarantined': { about: 'operationId', reason: 'code', details: [] },
  'record.newer': { ...OPERATION, details: [] },
  'conflict.detected': { about: 'operationId', reason: 'reason', details: CONFLICT },
  'conflict.merged': {
    ...OPERATION,
    details: [...CONFLICT, 'round', 'questions', 'decided', 'elapsedMs'],
  },
  'conflict.awaitsReview': {
    ...{ about: 'operationId', reason: 'reason' },
    details: [...CONFLICT, 'questions', 'isHeld'],
  },
  'conflict.displaced': { ...OPERATION, details: [...CONFLICT, 'askedBy'] },
  'conflict.resolved': { ...OPERATION, details: [...CONFLICT, 'elapsedMs'] },
  'conflict.undone': { ...OPERATION, details: CONFLICT },
  'conflict.quarantined': { about: 'operationId', reason: 'reason', details: CONFLICT },
  'crisis.refused': { about: null, reason: 'code', details: [] },
  'crisis.mended': { ...OPERATION, details: ['fieldsLeftOut'] },
  'crisis.unkept': { ...OPERATION, details: [] },
  'crisis.escalated': { about: 'operationId', reason: 'cause', details: ATTEMPT },
  'crisis.unreadable': { ...OPERATION, reason: 'code', details: ['acceptedAtMs'] },
  'crisis.undelivered': {
    ...{ about: 'upstream', actor: 'breaker:', reason: 'code' },
    details: ['upstream', 'count', 'sinceAtMs', 'failed'],
  },
  'crisis.caughtUp': {
    ...{ about: 'upstream', actor: 'breaker:', reason: null },
    details: ['upstream'],
  },
  'crisis.stepNotified': { ...OPERATION, details: [...WORK, 'step', 'calls'] },
  'crisis.stepFailed': {
    ...{ about: 'operationId', reason: 'why' },
    details: [...WORK, 'step', 'calls', 'makesWay'],
  },
  'crisis.noted': { ...OPERATION, details: WORK },
  'crisis.acknowledged': { ...OPERATION, details: [...WORK, 'untilMs'] },
  'crisis.acknowledgementEnding': { ...OPERATION, details: [...WORK, 'untilMs'] },
  'crisis.acknowledgementLapsed': { ...OPERATION, details: [...WORK, 'untilMs'] },
  'crisis.released': { ...OPERATION, details: WORK },
  'crisis.callOffProposed': { ...OPERATION, details: WORK },
  'crisis.exhausted': { ...OPERATION, details: [...WORK, 'stepsNotified', 'round'] },
  'crisis.calledOff': { ...OPERATION, details: WORK },
  'crisis.escalationEnded': { ...OPERATION, details: [...WORK, 'ending'] },
  'crisis.planLate': { ...OPERATION, details: [] },
  'crisis.answeredLate': { ...OPERATION, details: ['elapsedMs'] },
  'crisis.manySubjects': { about: null, reason: 'caller', details: ['subjects'] },
  'crisisMode.changed': {
    ...{ about: 'modeId', actor: 'crisisMode:', reason: 'what' },
    details: ['scope', 'endsAtMs'],
  },
  'override.made': {
    ...{ about: 'operationId', reason: 'what' },
    details: ['upstream', 'count'],
  },
  'runtime.started': { about: null, otherwise: 'supervisor', reason: null, details: [] },
  'runtime.stopping': {
    ...{ about: null, otherwise: 'supervisor', reason: null },
    details: ['deadlineMs'],
  },
  'runtime.stopped': { about: null, otherwise: 'supervisor', reason: null, details: [] },
  'start.failed': { about: null, otherwise: 'supervisor', reason: 'code', details: [] },
  'component.failed': { about: 'component', reason: 'code', details: [] },
  'supervisor.alerted': { about: 'component', reason: 'reason', details: [] },
  'machine.slept': { about: null, reason: null, details: ['forMs'] },
  'eventLoop.blocked': { about: null, reason: null, details: ['delayMs'] },
  'work.stuck': {
    ...{ about: 'upstream', actor: 'scheduler:', reason: 'because' },
    details: ['upstream', 'forMs'],
  },
  'work.moving': { about: 'upstream', actor: 'scheduler:', reason: null, details: ['upstream'] },
  'failure.noted': { about: null, reason: 'code', details: [] },
} as const satisfies NewsRules;

/** Kinds that each healthy operation goes through: its steps show them, and thousands a second would hide what is new. */
const ROUTINE: ReadonlySet<FactKind> = new Set([
  'operation.accepted',
  'operation.resumed',
  'attempt.started',
  'attempt.succeeded',
]);

/** The kinds that are news. */
export const NEWS_KINDS: readonly FactKind[] = FACT_KINDS.filter((kind) => !ROUTINE.has(kind));

/** The facts of these kinds that are news; the steps of a chart show the others. */
export const NEWS_WANTED: WantedFacts = {
  'operation.ended': ({ ending }) => ending !== 'completed',
  'operation.parked': (_context, _upstream, reason) => reason !== 'slot',
};
