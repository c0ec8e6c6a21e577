/**
 * Time travel: the states of an actor right after any remembered step, computed from the states of
 * now and the steps since, backwards; where steps are missing the result is `unknown`, and nothing is guessed.
 *
 * A moment is the serial of a step: the time right after it.
 *
 * @module
 */

import type { RingName, Step } from '../../protocol.ts';

/** What is known of an actor at a moment. */
export type Then =
  /** The same states as now: it took no event since. */
  | { readonly kind: 'asNow' }
  | {
      readonly kind: 'known';
      readonly states: readonly string[];
      /** When it took its last event before the moment; `null` where that is not remembered. */
      readonly sinceAtMs: number | null;
    }
  /** The actor did not exist yet, or had ended. */
  | { readonly kind: 'absent' }
  /** Steps in between are not remembered. */
  | { readonly kind: 'unknown' };

/** Steps in the order of their serials. */
export type Remembered = readonly Step[];

/** The index of the first remembered step after this moment. */
export function placeAfter(steps: Remembered, moment: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.serial ?? 0) <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When the step of this moment, or the last remembered one before it, was taken; `null` before all. */
export function timeOf(steps: Remembered, moment: number): number | null {
  return steps[placeAfter(steps, moment) - 1]?.atMs ?? null;
}

/** All actors at a moment. */
export interface Moment {
  readonly serial: number;
  /** When the step of the moment was taken. */
  readonly atMs: number | null;
  /**
   * @param now the ring of its steps; when it entered its current states, `null` where that is not
   * known; and when it ended, `null` for a live actor
   */
  of(
    actor: number,
    now: {
      readonly ring: RingName;
      readonly sinceAtMs: number | null;
      readonly endedAtMs: number | null;
    },
  ): Then;
}

/**
 * Every actor at one moment, in one pass over the steps. Steps of a ring are numbered without gaps, so a number
 * that is missing is a forgotten step, which any actor of the ring may have taken.
 */
export function momentAt(steps: Remembered, serial: number): Moment {
  const place = placeAfter(steps, serial);
  const atMs = steps[place - 1]?.atMs ?? null;
  const after = firstSteps(steps, place, serial);
  let before: ReadonlyMap<number, Step> | null = null;
  return {
    serial,
    atMs,
    of(actor, { ring, sinceAtMs, endedAtMs }) {
      if (endedAtMs !== null && atMs !== null && endedAtMs < atMs) return { kind: 'absent' };
      const next = after.steps.get(actor);
      before ??= lastSteps(steps, place, serial, after.next);
      const last = before.get(actor);
      if (next !== undefined) return standing(next.from, last?.atMs);
      if (last !== undefined) return standing(last.to, last.atMs);
      if (after.broken.has(ring)) return { kind: 'unknown' };
      // It entered its current states after this moment, and by no step: so it began then.
      if (atMs !== null && sinceAtMs !== null && sinceAtMs > atMs) return { kind: 'absent' };
      return { kind: 'asNow' };
    },
  };
}

function standing(states: readonly string[], sinceAtMs: number | undefined): Then {
  if (states.length === 0) return { kind: 'absent' };
  return { kind: 'known', states, sinceAtMs: sinceAtMs ?? null };
}

interface After {
  /** The first step of each actor after a moment, up to the first missing step of its ring. */
  readonly steps: ReadonlyMap<number, Step>;
  /** The rings with a missing step. */
  readonly broken: ReadonlySet<RingName>;
  /** The number of the first step after the moment, for each ring. */
  readonly next: ReadonlyMap<RingName, number>;
}

function firstSteps(steps: Remembered, place: number, serial: number): After {
  const found = new Map<number, Step>();
  const broken = new Set<RingName>();
  const next = new Map<RingName, number>();
  const expected = new Map<RingName, number>();
  for (const { ring, nth } of steps.slice(0, place)) expected.set(ring, nth + 1);
  let isWhole = true;
  for (let at = place; at < steps.length; at += 1) {
    const step = steps[at];
    if (step === undefined) break;
    const { ring, nth } = step;
    isWhole &&= step.serial === serial + 1 + at - place;
    if (!next.has(ring)) next.set(ring, nth);
    if (broken.has(ring)) continue;
    // A ring may have had steps before the first remembered one, unless all steps of the process are there.
    const isNext = nth === (expected.get(ring) ?? (isWhole ? nth : 1)) || isWhole;
    if (!isNext) {
      broken.add(ring);
      continue;
    }
    expected.set(ring, nth + 1);
    if (!found.has(step.actor)) found.set(step.actor, step);
  }
  return { steps: found, broken, next };
}

/** The last step of each actor up to a moment, back to the first missing step of its ring. */
function lastSteps(
  steps: Remembered,
  place: number,
  serial: number,
  next: After['next'],
): ReadonlyMap<number, Step> {
  const found = new Map<number, Step>();
  const broken = new Set<RingName>();
  const expected = new Map([...next].map(([ring, nth]) => [ring, nth - 1]));
  let isWhole = true;
  for (let at = place - 1; at >= 0; at -= 1) {
    const step = steps[at];
    if (step === undefined) break;
    const { ring, nth } = step;
    isWhole &&= step.serial === serial - (place - 1 - at);
    if (broken.has(ring)) continue;
    if (nth !== (expected.get(ring) ?? nth) && !isWhole) {
      broken.add(ring);
      continue;
    }
    expected.set(ring, nth - 1);
    if (!found.has(step.actor)) found.set(step.actor, step);
  }
  return found;
}

/** A move of the slider by a key. */
export type Move = 'earlier' | 'later' | 'first' | 'last' | 'farEarlier' | 'farLater';

const FAR = 10;

/**
 * The moment that a move leads to; `null` for the present, which comes after the last step.
 *
 * @param serials of the steps to stop at, ascending: those of one actor, or all
 */
export function moved(
  serials: readonly number[],
  moment: number | null,
  move: Move,
): number | null {
  const last = serials.length - 1;
  if (last < 0) return null;
  // The present comes after the last step, so one step back from it is the step before the last.
  const place = moment === null ? last : lastUpTo(serials, moment);
  const target = {
    earlier: moment === null || (serials[place] ?? 0) === moment ? place - 1 : place,
    later: place + 1,
    first: 0,
    last,
    farEarlier: place - FAR,
    farLater: place + FAR,
  }[move];
  if (target > last) return null;
  return serials[Math.max(0, target)] ?? null;
}

function lastUpTo(serials: readonly number[], moment: number): number {
  const after = serials.findIndex((serial) => serial > moment);
  return (after === -1 ? serials.length : after) - 1;
}
