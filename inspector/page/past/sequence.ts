/**
 * The event sequence of an actor, or of several together: which took which event when, as rows. The newest
 * is first.
 *
 * @module
 */

import type { News, RingName, Step, WatchedActor } from '../../protocol.ts';

/** An event that an actor took. */
export interface StepRow {
  readonly kind: 'step';
  readonly step: Step;
  /** The time since the earlier row; `null` for the first. */
  readonly afterMs: number | null;
  /** True if the event changed no state. */
  readonly isStay: boolean;
}

/** News about it. */
export interface NewsRow {
  readonly kind: 'news';
  readonly news: News;
  readonly afterMs: number | null;
}

/** Steps of the process that this page did not get; some may belong to the actor. */
export interface MissedRow {
  readonly kind: 'missed';
  /** The serials around the gap. */
  readonly after: number;
  readonly count: number;
}

export type SequenceRow = StepRow | NewsRow | MissedRow;

/** The actors whose rows are shown. */
export interface Cast {
  readonly actors: ReadonlySet<number>;
  /** Ids of the actors, which news have. */
  readonly ids: ReadonlySet<string>;
  /** The rings of their steps. */
  readonly rings: ReadonlySet<RingName>;
}

/** Rows of one sequence at most; older ones are reached by time travel. */
const ROWS_MAX = 2_000;

/**
 * The rows of these actors, the newest first.
 *
 * @param steps in the order of their serials
 * @param news in the order of their serials
 */
export function sequenceOf(
  steps: readonly Step[],
  news: readonly News[],
  { actors, ids, rings }: Cast,
): readonly SequenceRow[] {
  const rows: SequenceRow[] = [];
  const later = new Map<RingName, number>();
  let [stepAt, newsAt] = [steps.length - 1, news.length - 1];
  while (rows.length < ROWS_MAX && (stepAt >= 0 || newsAt >= 0)) {
    const [step, told] = [steps[stepAt], news[newsAt]];
    // The news of a step come after it.
    if (told !== undefined && (step === undefined || told.atMs >= step.atMs)) {
      newsAt -= 1;
      if (told.id !== null && ids.has(told.id)) {
        rows.push({ kind: 'news', news: told, afterMs: null });
      }
      continue;
    }
    if (step === undefined) break;
    const missing = (later.get(step.ring) ?? step.nth + 1) - step.nth - 1;
    later.set(step.ring, step.nth);
    if (missing > 0 && rings.has(step.ring)) addMissed(rows, step.serial, missing);
    if (actors.has(step.actor)) {
      rows.push({ kind: 'step', step, afterMs: null, isStay: isSame(step.from, step.to) });
    }
    stepAt -= 1;
  }
  if (rows.at(-1)?.kind === 'missed') rows.pop();
  return withWaits(rows);
}

/** Adds a gap, joined with one right before it. */
function addMissed(rows: SequenceRow[], after: number, count: number): void {
  const last = rows.at(-1);
  if (last === undefined) return;
  if (last.kind === 'missed') rows.pop();
  const more = last.kind === 'missed' ? last.count : 0;
  rows.push({ kind: 'missed', after, count: count + more });
}

function withWaits(rows: readonly SequenceRow[]): readonly SequenceRow[] {
  return rows.map((row, at) => {
    const earlier = rows[at + 1];
    const [time, before] = [timeOfRow(row), earlier === undefined ? null : timeOfRow(earlier)];
    if (row.kind === 'missed' || time === null || before === null) return row;
    return { ...row, afterMs: Math.max(0, time - before) };
  });
}

function timeOfRow(row: SequenceRow): number | null {
  if (row.kind === 'missed') return null;
  return row.kind === 'step' ? row.step.atMs : row.news.atMs;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((state, at) => state === b[at]);
}

/** The serials of the remembered steps of one actor, ascending. */
export function serialsOf(steps: readonly Step[], actor: number): readonly number[] {
  return steps.filter((step) => step.actor === actor).map(({ serial }) => serial);
}

/** The last step of an actor up to a moment; `null` for up to now. */
export function lastStepOf(
  steps: readonly Step[],
  actor: number,
  moment: number | null,
): Step | null {
  for (let at = steps.length - 1; at >= 0; at -= 1) {
    const step = steps[at];
    if (step?.actor === actor && (moment === null || step.serial <= moment)) return step;
  }
  return null;
}

/**
 * Whether an actor of this ring may have taken steps that are not among these: older ones, or some that this page did not
 * get. Events that change no state of a component are remembered with operations.
 */
export function isPartial(steps: readonly Step[], ring: RingName): boolean {
  const last = new Map<RingName, number>();
  for (const step of steps) {
    if (step.ring !== ring && (ring === 'crisis' || step.ring !== 'operation')) continue;
    if (step.nth !== (last.get(step.ring) ?? 0) + 1) return true;
    last.set(step.ring, step.nth);
  }
  return false;
}

/**
 * The components that say most about an operation for `upstream`: those named after it
 * (`breaker:payments`), those for all upstreams (`degradation:global`), and single ones (`supervisor`).
 */
export function companionsOf<Actor extends Pick<WatchedActor, 'id' | 'about'>>(
  actors: Iterable<Actor>,
  upstream: string | null,
): readonly Actor[] {
  return [...actors].filter(({ id, about }) => {
    if (about !== null) return false;
    const [, of] = /:(.*)$/s.exec(id) ?? [];
    return of === undefined || of === 'global' || of === upstream;
  });
}
