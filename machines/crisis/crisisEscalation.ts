/**
 * What is known of how far people were told of a crisis that is not delivered (CR-5): what became of each step
 * of the chain, what is owed to it, who has taken the crisis on, and what follows from that.
 *
 * @module
 */

import type { Person } from '../vocabulary/subject.ts';
import type { CrisisEscalationState } from './crisisState.ts';

/** Why it escalated: its fast attempts were used up, or it was not delivered in time for any other reason. */
export type EscalationCause = 'attemptsUsedUp' | 'notInTime';

/** What a person has said about a crisis. */
export interface CrisisDecision {
  /**
   * `noted`: they wanted to take it on before anybody was told, who is told all the same. `callOffProposed`:
   * the first of two persons who have to call it off. `saidSafe`: whose crisis it is has said so; it goes on.
   */
  readonly what:
    | 'noted'
    | 'acknowledged'
    | 'released'
    | 'callOffProposed'
    | 'calledOff'
    | 'saidSafe';
  readonly by: Person;
  /** In their own words; sealed with the crisis, and told to nobody. */
  readonly note: string | null;
  readonly atMs: number;
  /** True where one person alone has called it off, before anybody was told. */
  readonly isAlone?: boolean | undefined;
}

/**
 * How a call of a step failed. `notHeard`: nothing was sent, or it was refused for now. `maybeHeard`: it got no
 * answer in time. `refused`: it is refused, and will be.
 */
export type StepFailure = 'notHeard' | 'maybeHeard' | 'refused';

/** What is known of one step of the chain. What is not told is owed: it is called again without end. */
export interface ChainStep {
  readonly name: string;
  /** What became of its latest call; `null` where none has ended yet. */
  readonly outcome: 'told' | StepFailure | null;
  /** The time that the chain was gone through in which it was last called, from 1. */
  readonly round: number;
  /** Calls that were begun in that round. */
  readonly calls: number;
  /** Calls in a row that failed alike, and how many in a row threw what says nothing of why. */
  readonly failures: number;
  readonly throws: number;
  /** Calls in a row that have not ended: their process did, or nobody waited for them any more. */
  readonly cutOff: number;
  /** Whether whoever is told may know of it already, so that a notice says "again". */
  readonly mayKnow: boolean;
  /** When that was. */
  readonly atMs: number;
  /** When it is called again, and how long that wait is in all; `null` where nothing is owed. */
  readonly owedAtMs: number | null;
  readonly waitMs: number;
}

/** The person who has taken a crisis on, and until when. */
export interface TakenOn {
  readonly by: Person;
  readonly atMs: number;
  readonly untilMs: number;
  /** The step that was told last by then: it is asked, and told again first. */
  readonly step: string | null;
  /** Calls by which that step was asked, and when it is asked again; `null` once it was. */
  readonly asks: number;
  readonly askAtMs: number | null;
  readonly askWaitMs: number;
}

export interface CrisisEscalation {
  /** When it escalated; `null` before. */
  readonly sinceAtMs: number | null;
  readonly cause: EscalationCause | null;
  /** Which time the chain is gone through, from 1. */
  readonly round: number;
  /** The step that this round begins with; `null` for the first of the chain. */
  readonly from: string | null;
  /** How often it was begun anew since somebody had it, since nobody took it on. */
  readonly anew: number;
  /** The step that the chain has come to; `null` before the first. */
  readonly step: string | null;
  /** When the next thing happens by itself, and how long the wait for it is in all. */
  readonly dueAtMs: number;
  readonly waitMs: number;
  /** When a step was told first; `null` while nobody was. */
  readonly toldAtMs: number | null;
  /** The latest that changed comes last. */
  readonly steps: readonly ChainStep[];
  readonly takenOn: TakenOn | null;
  readonly decisions: readonly CrisisDecision[];
}

/** A step of the chain, as far as its order is concerned. */
interface Named {
  readonly name: string;
}

/** Steps and decisions that are kept of one crisis, the newest; a chain has fewer steps. */
const KEPT_MAX = 64;

/** So often in a row a call may end its process, or not end at all, before it counts as one that failed. */
export const CUT_OFF_MAX = 5;

/** Calls in a row that a callback may throw before it counts as one that refuses. */
export const THROWS_MAX = 10;

export function notEscalated(acceptedAtMs: number): CrisisEscalation {
  return {
    sinceAtMs: null,
    cause: null,
    round: 1,
    from: null,
    anew: 0,
    step: null,
    dueAtMs: acceptedAtMs,
    waitMs: 0,
    toldAtMs: null,
    steps: [],
    takenOn: null,
    decisions: [],
  };
}

/** Which of these steps is told next: the first that was not called in this round; `null` where none is left. */
export function nextStep<Step extends Named>(
  chain: readonly Step[],
  { steps, round, from }: Pick<CrisisEscalation, 'steps' | 'round' | 'from'>,
): Step | null {
  const at = Math.max(
    0,
    chain.findIndex(({ name }) => name === from),
  );
  const inOrder = [...chain.slice(at), ...chain.slice(0, at)];
  const called = new Set(steps.filter((step) => step.round === round).map(({ name }) => name));
  return inOrder.find(({ name }) => !called.has(name)) ?? null;
}

/** Whether each of these steps was told in this round. */
export function isEveryStepTold(
  chain: readonly Named[],
  { steps, round }: Pick<CrisisEscalation, 'steps' | 'round'>,
): boolean {
  return chain.every(({ name }) =>
    steps.some((step) => step.name === name && step.round === round && step.outcome === 'told'),
  );
}

/** A call that is to be made: of a step, or to ask whoever has taken it on. */
export interface OwedCall {
  readonly step: string;
  readonly isAsk: boolean;
  readonly atMs: number;
  /** How long the wait for it is in all. */
  readonly waitMs: number;
}

/** The calls that are owed to the steps of this chain; what is in the chain no more is owed nothing. */
export function owedCalls(
  state: CrisisEscalationState,
  escalation: CrisisEscalation,
  chain: readonly Named[],
): readonly OwedCall[] {
  const { steps, step: present, round, takenOn, dueAtMs } = escalation;
  if (state === 'quiet' || state === 'acknowledged' || state === 'ended') return [];
  const isInChain = (name: string): boolean => chain.some((step) => step.name === name);
  if (state === 'lapsing') {
    if (takenOn === null || takenOn.step === null || takenOn.askAtMs === null) return [];
    const { step, askAtMs: atMs, askWaitMs: waitMs } = takenOn;
    return isInChain(step) ? [{ step, isAsk: true, atMs, waitMs }] : [];
  }
  const owed = steps.flatMap(({ name, owedAtMs, waitMs }) =>
    owedAtMs === null || !isInChain(name)
      ? []
      : [{ step: name, isAsk: false, atMs: owedAtMs, waitMs }],
  );
  const isUncalled =
    state === 'notifying' &&
    present !== null &&
    isInChain(present) &&
    !steps.some((step) => step.name === present && step.round === round);
  return isUncalled ? [...owed, { step: present, isAsk: false, atMs: dueAtMs, waitMs: 0 }] : owed;
}

/** Waits that may be shorter than they are, and not longer. In milliseconds. */
export interface EscalationPace {
  /** The longest wait before a step that was not heard is told again; the shortest is half of it. */
  readonly notHeardMs: number;
  /** The first wait where it may have been heard; it grows to two and a half times that. */
  readonly maybeHeardMs: number;
  /** The wait where it was refused. */
  readonly refusedMs: number;
  /** The wait before the chain begins anew, where every step was told; from the second time on four times that. */
  readonly anewMs: number;
  /** How long an acknowledgement lasts that does not say. */
  readonly acknowledgedMs: number;
}

export const ESCALATION_PACE: EscalationPace = {
  notHeardMs: 40_000,
  maybeHeardMs: 120_000,
  refusedMs: 300_000,
  anewMs: 1_800_000,
  acknowledgedMs: 1_800_000,
};

/**
 * How long a step waits before it is told again.
 *
 * @param failures how many calls in a row have failed so
 * @param draw by chance, from 0 to 1, so that not all are called at once
 */
export function tellAgainMs(
  why: StepFailure,
  failures: number,
  draw: number,
  { notHeardMs, maybeHeardMs, refusedMs }: EscalationPace,
): number {
  if (why === 'notHeard') return Math.round(notHeardMs * (0.5 + draw / 2));
  if (why === 'refused') return Math.round(refusedMs * (1 - draw / 10));
  const grown = Math.min(maybeHeardMs * 1.5 ** Math.max(0, failures - 1), maybeHeardMs * 2.25);
  return Math.round(grown * (1 + draw / 10));
}

/** How long it takes until whoever has taken a crisis on is asked: until five minutes before that lapses. */
export function askAfterMs(lastsMs: number): number {
  return lastsMs - Math.min(300_000, lastsMs / 2);
}

/** What became of one step, in place of what was known of it. */
export function withStep(escalation: CrisisEscalation, step: ChainStep): CrisisEscalation {
  const others = escalation.steps.filter(({ name }) => name !== step.name);
  return { ...escalation, steps: [...others, step].slice(-KEPT_MAX) };
}

/** What is known of a step in this round. */
export function stepOf({ steps, round }: CrisisEscalation, name: string, atMs: number): ChainStep {
  const before = steps.find((step) => step.name === name);
  const isNew = before === undefined || before.round !== round;
  return {
    name,
    round,
    outcome: isNew ? null : before.outcome,
    calls: isNew ? 0 : before.calls,
    failures: before?.failures ?? 0,
    throws: before?.throws ?? 0,
    cutOff: before?.cutOff ?? 0,
    mayKnow: before?.mayKnow ?? false,
    atMs: isNew ? atMs : before.atMs,
    owedAtMs: isNew ? null : before.owedAtMs,
    waitMs: isNew ? 0 : before.waitMs,
  };
}

/**
 * The chain begins anew, with this step: what was owed before is called at once beside it.
 *
 * @param anew how often it began anew since somebody had it
 */
export function inNextRound(
  escalation: CrisisEscalation,
  {
    atMs,
    from,
    anew,
  }: { readonly atMs: number; readonly from: string | null; readonly anew: number },
): CrisisEscalation {
  const round = escalation.round + 1;
  const steps = escalation.steps.map((step) => {
    if (step.owedAtMs === null) return step;
    if (step.name === from) return { ...step, owedAtMs: null, waitMs: 0 };
    return { ...step, round, calls: 0, owedAtMs: atMs, waitMs: 0 };
  });
  return {
    ...escalation,
    ...{ round, from, anew, steps, step: null, dueAtMs: atMs, waitMs: 0, takenOn: null },
    sinceAtMs: escalation.sinceAtMs ?? atMs,
    cause: escalation.cause ?? 'notInTime',
  };
}

/** When whose crisis it is has said last that they are safe; `null` where they have not. */
export function saidSafeAtMs({ decisions }: Pick<CrisisEscalation, 'decisions'>): number | null {
  return decisions.findLast(({ what }) => what === 'saidSafe')?.atMs ?? null;
}

export function withDecision(
  escalation: CrisisEscalation,
  decision: CrisisDecision,
): CrisisEscalation {
  return { ...escalation, decisions: [...escalation.decisions, decision].slice(-KEPT_MAX) };
}
