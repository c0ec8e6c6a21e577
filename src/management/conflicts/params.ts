/**
 * Rules for the parameters of the calls about conflicts.
 *
 * @module
 */

import type { ConflictDecision } from '../../../machines/conflict/decision.ts';
import type { OptionRule, OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import { isObject } from '../../../machines/vocabulary/optionRules.ts';
import { DECIDER } from '../call/params.ts';

/** The id of a conflict. Ids come from outside, and one that is no text must not reach the store. */
export const CONFLICT_ID = {
  required: {
    rule: 'must be the id of a conflict, a text',
    matches: (value) => typeof value === 'string',
  },
} as const satisfies OptionRule;

/** What answers one question: one of its alternatives, or a value of the person's own. */
const CHOICE = {
  rule: 'must be { take: n }, the number of an alternative or 0 for what stands, or { value }',
  matches: (value: unknown) => {
    if (!isObject(value)) return false;
    const given = value as { readonly take?: unknown; readonly value?: unknown };
    const names = Object.keys(given);
    return names.length === 1 && (Number.isInteger(given.take) || given.value !== undefined);
  },
} as const satisfies OptionRule;

export const DECISION_RULES = {
  by: DECIDER,
  choices: {
    entries: CHOICE,
    named: { rule: 'must be the id, path or number of a question', matches: () => true },
  },
  value: 'anything',
  side: {
    rule: 'must be the number of a side, from 1',
    matches: (value) => Number.isInteger(value),
  },
} as const satisfies OptionRules<ConflictDecision>;
