/**
 * What is known of how far people were told of a crisis that is not delivered (CR-5): which steps of the
 * chain, by when the next is due, and who has taken it on.
 *
 * @module
 */

import type { Person } from '../vocabulary/person.ts';

/** Why it escalated: its fast attempts were used up, or it was not delivered in time for any other reason. */
export type EscalationCause = 'attemptsUsedUp' | 'notInTime';

/** What a person has decided about a crisis. */
export interface CrisisDecision {
  readonly what: 'acknowledged' | 'calledOff';
  readonly by: Person;
  /** In their own words; sealed with the crisis, and told to nobody. */
  readonly note: string | null;
  readonly atMs: number;
}

/** What became of a step of the chain; from then on it is not told again. */
export interface ToldStep {
  readonly name: string;
  /** `failed` and `timedOut`: none of its calls succeeded, and the last one ended so. */
  readonly outcome: 'notified' | StepFailure;
  /** Calls that were made. */
  readonly calls: number;
  readonly atMs: number;
}

/** How a call of a step failed. */
export type StepFailure = 'failed' | 'timedOut';

export interface CrisisEscalation {
  /** When it escalated; `null` before. */
  readonly sinceAtMs: number | null;
  readonly cause: EscalationCause | null;
  /** The step that is told now, or was told last; `null` before the first. */
  readonly step: string | null;
  /** Calls of that step that were begun, over restarts too. */
  readonly calls: number;
  /** When the next thing happens by itself, and how long the wait for it is in all. */
  readonly dueAtMs: number;
  readonly waitMs: number;
  readonly told: readonly ToldStep[];
  readonly decisions: readonly CrisisDecision[];
}

/** Steps and decisions that are kept of one crisis, the newest; a chain has fewer steps. */
const KEPT_MAX = 64;

export function notEscalated(acceptedAtMs: number): CrisisEscalation {
  return {
    sinceAtMs: null,
    cause: null,
    step: null,
    calls: 0,
    dueAtMs: acceptedAtMs,
    waitMs: 0,
    told: [],
    decisions: [],
  };
}

/** Which of these steps is told next: the first that was not told yet; `null` where none is left. */
export function nextStep<Step extends { readonly name: string }>(
  chain: readonly Step[],
  { told }: Pick<CrisisEscalation, 'told'>,
): Step | null {
  return chain.find(({ name }) => told.every((before) => before.name !== name)) ?? null;
}

/** What became of a step is said once. */
export function withTold(escalation: CrisisEscalation, step: ToldStep): CrisisEscalation {
  if (escalation.told.some(({ name }) => name === step.name)) return escalation;
  return { ...escalation, told: [...escalation.told, step].slice(-KEPT_MAX) };
}

export function withDecision(
  escalation: CrisisEscalation,
  decision: CrisisDecision,
): CrisisEscalation {
  return { ...escalation, decisions: [...escalation.decisions, decision].slice(-KEPT_MAX) };
}
