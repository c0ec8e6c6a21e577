/**
 * `holdfast/schemas`: clinical payloads as Standard Schemas, for the `schema` of a handler (OP-9). What does
 * not fit is refused before acceptance, with the path of what is wrong.
 *
 * @module
 */

export type {
  Answers,
  Gad7Item,
  ItemAnswer,
  Phq9Item,
  Severity,
} from '../../machines/policy/clinical/instruments.ts';
export type {
  PayloadSchema,
  SchemaIssue,
  SchemaResult,
} from '../../machines/policy/request/payloadSchema.ts';
export {
  type Assessment,
  type Gad7,
  gad7,
  type Phq9,
  phq9,
  type ScoredAssessment,
  type ScoredGad7,
  type ScoredPhq9,
} from './assessment.ts';
export {
  type CrisisPlanRecord,
  crisisPlan,
  type PlanContact,
  type PlanStep,
} from './crisisPlan.ts';
export { type MoodEntry, moodEntry } from './mood.ts';
