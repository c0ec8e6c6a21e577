/**
 * Schema of a crisis plan that a person writes with a clinician.
 *
 * @module
 */

import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import { fields, listOf, optional, type Rule, rule, schemaOf, text } from './shapes.ts';

/** Person who can be reached. */
export interface PlanContact {
  readonly id: string;
  readonly name: string;
  /** Phone numbers, 1 to 10, as dialled: at least three digits each. */
  readonly phones: readonly string[];
  readonly relation?: string | undefined;
  readonly note?: string | undefined;
}

/** Line of the plan. */
export interface PlanStep {
  readonly id: string;
  readonly text: string;
}

/**
 * Crisis plan in the parts of the Safety Planning Intervention (Stanley, Brown, Cogn Behav Pract 2012;19:256–264).
 * Items have ids, so that plans of two devices can be merged.
 */
export interface CrisisPlanRecord {
  readonly warningSigns?: readonly PlanStep[] | undefined;
  readonly copingStrategies?: readonly PlanStep[] | undefined;
  /** People and places that distract. */
  readonly distractions?: readonly PlanStep[] | undefined;
  readonly emergencyContacts?: readonly PlanContact[] | undefined;
  readonly professionals?: readonly PlanContact[] | undefined;
  /** Steps that make the surroundings safer. */
  readonly safeSurroundings?: readonly PlanStep[] | undefined;
  readonly reasonsForLiving?: string | undefined;
  readonly note?: string | undefined;
}

const STEPS_MAX = 50;
const CONTACTS_MAX = 50;
const PHONES_MAX = 10;

/** Phone number as people write it: digits, separators, and what is dialled after the answer. */
const DIALLED = /^\+?[\d(][\d\s().\-/,;x#*]*$/;
/** Fewest digits of a number: 112 and 988 have three. */
const DIGITS_MIN = 3;

const phone: Rule = rule(
  (value) =>
    typeof value === 'string' &&
    value.length <= 64 &&
    DIALLED.test(value) &&
    value.replaceAll(/\D/g, '').length >= DIGITS_MIN,
  'must be a number that can be dialled',
);

const steps = optional(listOf(fields({ id: text(256), text: text(4_000) }), { max: STEPS_MAX }));
const contacts = optional(
  listOf(
    fields({
      id: text(256),
      name: text(200),
      phones: listOf(phone, { min: 1, max: PHONES_MAX }),
      relation: optional(text(200)),
      note: optional(text(4_000)),
    }),
    { max: CONTACTS_MAX },
  ),
);

const shape = fields({
  warningSigns: steps,
  copingStrategies: steps,
  distractions: steps,
  emergencyContacts: contacts,
  professionals: contacts,
  safeSurroundings: steps,
  reasonsForLiving: optional(text(20_000)),
  note: optional(text(20_000)),
});

/**
 * Crisis plan that is sent to an upstream. A part that is left out is unknown, which is not the same as empty. Plans
 * that lead the answers to crises are set by `runtime.crisisPlans`.
 *
 * @example
 * const put = defineHandler()({ upstream: 'records', schema: crisisPlan, run: httpHandler({ baseUrl, method: 'PUT' }) });
 */
export const crisisPlan: PayloadSchema<CrisisPlanRecord> = schemaOf(shape, (plan) => plan);
