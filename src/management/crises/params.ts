/**
 * Rules for the parameters of the calls about crises.
 *
 * @module
 */

import type { OptionRule } from '../../../machines/vocabulary/optionRules.ts';
import { PERSON_RULES } from '../../../machines/vocabulary/person.ts';

/** Who decides, with their role: who is told later has to know whom to ask (CR-5). */
export const DECIDER = {
  required: { fields: { id: PERSON_RULES.id, role: { required: PERSON_RULES.role } } },
} as const satisfies OptionRule;
