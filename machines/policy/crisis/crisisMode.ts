/**
 * For how long crisis mode is on, and who may end it (CR-6). Instants are those of a clock that never goes
 * back (docs/decisions/0047).
 *
 * @module
 */

import { clampDueTime } from '../../vocabulary/clock.ts';
import { isSamePerson, type Person, subjectOf } from '../../vocabulary/subject.ts';
import type { Priority } from '../../vocabulary/urgency.ts';

/** For whom it is on: one subject, or everybody. */
export type CrisisModeScope = 'subject' | 'global';

/** For whom it is on. */
export interface CrisisModesOn {
  readonly isGlobal: boolean;
  /** In the form of {@link subjectOf}. */
  readonly subjects: { has(subject: string): boolean };
}

/** For whom crisis mode is on, of the subject of a request; its own before that of everybody. */
export type CrisisModeFor = CrisisModeScope | 'none';

/** @param subject what a request says it is about, which may be anything */
export function crisisModeFor(
  { isGlobal, subjects }: CrisisModesOn,
  subject: unknown,
): CrisisModeFor {
  const form = subjectOf(subject);
  if (form !== null && subjects.has(form)) return 'subject';
  return isGlobal ? 'global' : 'none';
}

/** Unless it is said how long. */
export const MODE_MS_DEFAULT = 4 * 3_600_000;
/** Less than a minute is most likely a number of seconds. */
export const MODE_MS_MIN = 60_000;
/** Nobody is asked whether it is still wanted for longer than that. */
export const MODE_MS_MAX = 24 * 3_600_000;
/** People are warned this long before crisis mode ends; in the last quarter of a short one. */
const WARNING_MS = 900_000;
/** People who switched it on that are kept apart, at most. */
const PERSONS_MAX = 100;

/** Crisis mode that is on. */
export interface ModeOn {
  /** The person who switched it on or prolonged it last. */
  readonly by: Person;
  readonly reason: string | null;
  /** Ids of all who switched it on or prolonged it, each person once. */
  readonly persons: readonly string[];
  readonly sinceAtMs: number;
  readonly endsAtMs: number;
  /** How long it was to last when it was last prolonged. */
  readonly lengthMs: number;
}

/** Somebody wants it on. */
export interface ModeOrder {
  readonly by: Person;
  readonly reason: string | null;
  readonly forMs: number;
  readonly atMs: number;
}

/**
 * It is on by this order from now on. Where it was on before it ends no sooner than it would have: a short
 * order would be a way to end it alone.
 */
export function switchedOn(before: ModeOn | null, { by, reason, forMs, atMs }: ModeOrder): ModeOn {
  const endsAtMs = Math.max(before?.endsAtMs ?? 0, atMs + forMs);
  return {
    by,
    reason: reason ?? before?.reason ?? null,
    persons: withPersons(before?.persons ?? [], [by.id]),
    sinceAtMs: before?.sinceAtMs ?? atMs,
    endsAtMs,
    lengthMs: endsAtMs - atMs,
  };
}

/** Joins a mode that was switched on before the store was open with what the store knows: the time, and a mode from earlier. */
export function joined(on: ModeOn, { shiftedMs, earlier }: ModeAtOpen): ModeOn {
  const sinceAtMs = on.sinceAtMs + shiftedMs;
  const endsAtMs = on.endsAtMs + shiftedMs;
  if (earlier === null) return { ...on, sinceAtMs, endsAtMs };
  return {
    ...on,
    reason: on.reason ?? earlier.reason,
    persons: withPersons(earlier.persons, on.persons),
    sinceAtMs: Math.min(earlier.sinceAtMs, sinceAtMs),
    endsAtMs: Math.max(earlier.endsAtMs, endsAtMs),
    lengthMs: Math.max(earlier.lengthMs, on.lengthMs),
  };
}

export interface ModeAtOpen {
  /** How far the clock went on when the store was opened. */
  readonly shiftedMs: number;
  /** What an earlier process kept of the same scope; `null` for nothing. */
  readonly earlier: ModeOn | null;
}

/** What another process goes on with: never longer than it was to last. */
export function goneOn(on: ModeOn, atMs: number): ModeOn {
  return { ...on, endsAtMs: clampDueTime(on.endsAtMs, atMs, on.lengthMs) };
}

/** The instant at which people are warned that it is about to end. */
export function warnsAtMs({ endsAtMs, lengthMs }: ModeOn): number {
  return endsAtMs - Math.min(WARNING_MS, lengthMs / 4);
}

/** Somebody wants it to end. */
export interface ModeEndOrder {
  readonly by: Person;
  /** They are the one whom it is for. */
  readonly isSubject: boolean;
}

/** Whether this is somebody else than all who wanted it on, and than its subject: nobody ends it alone. */
export function isSecondPerson({ persons }: ModeOn, { by, isSubject }: ModeEndOrder): boolean {
  return !isSubject && persons.every((id) => !isSamePerson({ id }, by));
}

/** The priority of work of a subject that is in crisis mode: only a crisis goes before it. */
export function raisedPriority(priority: Priority): Priority {
  return priority === 'crisis' ? priority : 'high';
}

function withPersons(some: readonly string[], others: readonly string[]): readonly string[] {
  const all = [...some];
  for (const id of others) if (all.every((one) => !isSamePerson({ id: one }, { id }))) all.push(id);
  return all.slice(-PERSONS_MAX);
}
