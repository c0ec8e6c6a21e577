/**
 * File of a failed run: the plan that breaks a promise, and what happens in it, in words.
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Plan } from '../scene/plan.ts';

const FORMAT = 'holdfast-simulation/1';

/** A plan that has broken a promise. */
export interface Failure {
  readonly plan: Plan;
  /** Broken promises, as `what: details`. */
  readonly breaches: readonly string[];
  /** Lines of the history, one for each event. */
  readonly history: readonly string[];
}

/** Names the file of a failure. */
export function failureName({ plan }: Failure): string {
  return `holdfast-simulation-${plan.seed}.json`;
}

/** Writes the text of the file: first the part for people, then the plan, a line for each step. */
export function failureText({ plan, breaches, history }: Failure): string {
  const { steps, ...rest } = plan;
  const lines = (list: readonly unknown[]): string =>
    list.length === 0
      ? '[]'
      : `[\n    ${list.map((one) => JSON.stringify(one)).join(',\n    ')}\n  ]`;
  return [
    '{',
    `  "format": ${JSON.stringify(FORMAT)},`,
    `  "again": ${JSON.stringify(`holdfast simulate --replay ${failureName({ plan, breaches, history })}`)},`,
    `  "breaches": ${lines(breaches)},`,
    `  "history": ${lines(history)},`,
    `  "plan": ${JSON.stringify(rest)},`,
    `  "steps": ${lines(steps)}`,
    '}',
    '',
  ].join('\n');
}

/**
 * Reads the file of a failure.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` for any other text.
 */
export function readFailure(text: string, name: string): Failure {
  const refuse = (what: string): HoldfastError =>
    new HoldfastError(
      'HF_OPTION_INVALID',
      `${name} ${what}. Give a file that \`holdfast simulate\` has written, or run it again with \`--seed\`.`,
      { field: 'replay' },
    );
  const read = parsed(text);
  if (read === null) throw refuse('is no JSON object');
  if (read['format'] !== FORMAT) throw refuse(`is not of the format ${FORMAT}`);
  const { breaches, history, plan, steps } = read;
  if (!isTexts(breaches) || !isTexts(history)) throw refuse('has no list of breaches and history');
  if (!isObject(plan) || !Array.isArray(steps) || !steps.every(isStep)) {
    throw refuse('has no plan with steps');
  }
  const { version, seed, hours, setup } = plan;
  const hasAll =
    typeof version === 'string' &&
    Number.isInteger(seed) &&
    typeof hours === 'number' &&
    isObject(setup);
  if (!hasAll) throw refuse('has a plan without version, seed, hours or setup');
  return { plan: { ...plan, steps } as unknown as Plan, breaches, history };
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isStep(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { atMs, kind, data } = value;
  return typeof atMs === 'number' && typeof kind === 'string' && isObject(data);
}
