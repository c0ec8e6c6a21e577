/**
 * A step of the chain of people who are told of crises that are not delivered (CR-5), what it is told, and what
 * a call of it that failed means.
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import {
  type EscalationCause,
  type StepFailure,
  saidSafeAtMs,
} from '../../machines/crisis/crisisEscalation.ts';
import { failureOf } from '../../machines/policy/retry/classifyFailure.ts';
import type { RetryPolicy } from '../../machines/policy/retry/retryPolicy.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { TierName } from '../../machines/vocabulary/urgency.ts';

/**
 * What a step is told: that there are crises which are not delivered, whose, and since when. Nothing of what
 * the person has sent: who is told opens that in a system that knows who may see it. It is about one person,
 * however many crises of theirs are open; where very many people have one, it is a digest of them all.
 */
export interface EscalationNotice {
  /** The same for every step and every call of one crisis. */
  readonly eventId: string;
  /** The same for every call of this step that may be a repeat of one before it, over restarts too. */
  readonly idempotencyKey: string;
  /** The crisis that was accepted first of those that it is about. */
  readonly operationId: string;
  /** How many crises it is about, and the ids of the first hundred in order of acceptance. */
  readonly count: number;
  readonly operationIds: readonly string[];
  /** Subject whose crises they are, as the app names them; `null` in a digest. */
  readonly subject: string | null;
  /** How many people it is about, and the first hundred of them: one, but in a digest. */
  readonly people: number;
  readonly subjects: readonly string[];
  /** The type of the first one's request, such as `crisis.alert`. */
  readonly type: string;
  readonly tier: TierName;
  /** The name of the step, and which call of it about the first one this is, from 1. */
  readonly step: string;
  readonly call: number;
  /** Whether the step may know already: it was told before, or did not answer in time. */
  readonly again: boolean;
  /**
   * Why it escalated: its fast attempts were used up, it was not delivered in time, or it can't be read and may have
   * been delivered.
   */
  readonly cause: EscalationCause | 'unreadable';
  /** What its last delivery failed with; `null` where none has failed. */
  readonly failure: ErrorCode | null;
  /** The number of its latest delivery, from 1. */
  readonly attempt: number;
  /** When it was accepted, in milliseconds since the epoch. */
  readonly acceptedAtMs: number;
  /** When it escalated, in milliseconds since the epoch. */
  readonly escalatedAtMs: number;
  /** Person who wanted to take it on before anybody was told; they have to acknowledge it now. */
  readonly notedBy: Person | null;
  /** Person who has taken it on last; their acknowledgement lapses, or has lapsed. */
  readonly takenOnBy: Person | null;
  /**
   * When the person has said last that they are safe, in milliseconds since the epoch; `null` where they have not,
   * or have asked again since, and in a digest. It is their own word and no call-off.
   */
  readonly saidSafeAtMs: number | null;
  /** True for a trial run: nobody is in danger. */
  readonly test: boolean;
  /** `prolong`: their acknowledgement is about to lapse, and they are asked whether they still have it. */
  readonly ask: 'prolong' | null;
  /** When it lapses, in milliseconds since the epoch; `null` where nobody has it. */
  readonly lapsesAtMs: number | null;
}

/** A step with all that is set for it. Times are in milliseconds. */
export interface EscalationStep {
  readonly name: string;
  /** How long a call may take. */
  readonly timeoutMs: number;
  /** How long a person who was told has to take the crisis on, before the next step is told. */
  readonly acknowledgeWithinMs: number;
  /** Calls of the step before it makes way: how many, and how long it waits between them. */
  readonly retry: RetryPolicy;
  /** Tells it; may be asynchronous. It was told once what this returns has resolved; what it throws is a call that failed. */
  readonly notify: (notice: EscalationNotice, how: { readonly signal: AbortSignal }) => unknown;
}

/** Ids and subjects that a notice names. */
const NAMED_MAX = 100;

/** What a step is told of these crises; there is one at least. */
export function noticeOf(
  step: string,
  about: {
    /** All that it is about. */
    readonly all: readonly CrisisContext[];
    /** Crises for which the step is called; there is one at least. */
    readonly owed: readonly CrisisContext[];
    readonly isAsk: boolean;
    readonly isDigest: boolean;
  },
): EscalationNotice {
  const { isAsk, isDigest } = about;
  const all = about.all.toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);
  const subjects = [...new Set(all.map(({ subject }) => subject))];
  const [first] = all as [CrisisContext, ...CrisisContext[]];
  const { id, subject, type, tier, failure, attempt, acceptedAtMs, escalation } = first;
  const { cause, sinceAtMs, takenOn, decisions } = escalation;
  const its = about.owed.map((one) => one.escalation.steps.find(({ name }) => name === step));
  return {
    eventId: `escalation:${id}`,
    idempotencyKey: keyOf(step, about),
    operationId: id,
    count: all.length,
    operationIds: all.slice(0, NAMED_MAX).map((one) => one.id),
    subject: isDigest ? null : subject,
    people: subjects.length,
    subjects: subjects.slice(0, NAMED_MAX),
    type,
    tier,
    step,
    call: 1 + (isAsk ? (takenOn?.asks ?? 0) : callsOf(step, escalation)),
    again: its.some((one) => one !== undefined && (one.mayKnow || one.cutOff > 0)),
    cause: cause ?? 'notInTime',
    failure: failure?.code ?? null,
    attempt,
    acceptedAtMs,
    escalatedAtMs: sinceAtMs ?? acceptedAtMs,
    notedBy: decisions.findLast(({ what }) => what === 'noted')?.by ?? null,
    takenOnBy: decisions.findLast(({ what }) => what === 'acknowledged')?.by ?? null,
    saidSafeAtMs: isDigest ? null : safeSince(all),
    test: first.isTest === true,
    ask: isAsk ? 'prolong' : null,
    lapsesAtMs: takenOn?.untilMs ?? null,
  };
}

/** When their person has said so, where none of these crises was accepted later. */
function safeSince(all: readonly CrisisContext[]): number | null {
  const said = all.flatMap(({ escalation }) => saidSafeAtMs(escalation) ?? []);
  const atMs = Math.max(...said);
  return said.length > 0 && all.every(({ acceptedAtMs }) => acceptedAtMs <= atMs) ? atMs : null;
}

function callsOf(step: string, { steps, round }: CrisisContext['escalation']): number {
  const its = steps.find(({ name }) => name === step);
  return its?.round === round ? its.calls : 0;
}

/**
 * A repeat of a call has its key: that of the newest crisis for which the step is called, and of the time that
 * the chain is gone through. A crisis that comes to it, or a chain that begins again, makes it another.
 */
function keyOf(step: string, { owed, isAsk, isDigest }: Parameters<typeof noticeOf>[1]): string {
  const [newest] = owed.toSorted(
    (a, b) => b.escalation.round - a.escalation.round || b.acceptedAtMs - a.acceptedAtMs,
  ) as [CrisisContext, ...CrisisContext[]];
  const { round, takenOn } = newest.escalation;
  const more = [
    ...(isDigest ? ['digest'] : []),
    ...(isAsk ? [`ask-${takenOn?.atMs ?? 0}`] : round > 1 ? [`${round}`] : []),
  ];
  return ['escalation', newest.id, step, ...more].join(':');
}

/** What a call that threw this means; `isThrown` where it says nothing of why. */
export function stepFailureOf(thrown: unknown): {
  readonly why: StepFailure;
  readonly isThrown: boolean;
} {
  const { failureClass, exception } = failureOf(thrown);
  if (failureClass === 'unknownOutcome') return { why: 'maybeHeard', isThrown: false };
  if (failureClass !== 'transient') return { why: 'refused', isThrown: false };
  return { why: 'notHeard', isThrown: exception !== undefined };
}
