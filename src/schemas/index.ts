/**
 * `holdfast/schemas`: the clinical part. Payloads as Standard Schemas, for the `schema` of a handler (OP-9), by which
 * what does not fit is refused before acceptance; and the types of crises, plans and escalation.
 *
 * @module
 */

export type {
  CrisisModeState,
  CrisisPlans,
  CrisisResource,
  CrisisView,
  EscalationNotice,
  HelpLine,
} from '../../actors/port.ts';
export type { CrisisPlan } from '../../machines/policy/crisis/crisisResources.ts';
export type { CrisisWords } from '../../machines/policy/crisis/crisisWords.ts';
export type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
export type { EscalationStepOptions, Webhook } from '../crisis/escalationOptions.ts';
export type { Crises } from '../management/crises.ts';
export type { CrisisMode } from '../management/crisisMode.ts';
export type { CrisisOptions } from '../options.ts';
export {
  type Gad7,
  gad7,
  type Phq9,
  phq9,
  type ScoredGad7,
  type ScoredPhq9,
} from './assessment.ts';
export { type CrisisPlanRecord, crisisPlan } from './crisisPlan.ts';
export { type MoodEntry, moodEntry } from './mood.ts';
