/**
 * Schemas of scored questionnaires: PHQ-9 and GAD-7.
 *
 * @module
 */

import {
  type Answers,
  GAD7,
  type Gad7Item,
  type Instrument,
  type ItemAnswer,
  PHQ9,
  type Phq9Item,
  type Severity,
  scoreOf,
} from '../../machines/policy/clinical/instruments.ts';
import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import {
  allOf,
  fields,
  instant,
  oneOf,
  onlyFields,
  optional,
  type Rule,
  schemaOf,
  text,
  whole,
} from './shapes.ts';

const STATUSES = ['in-progress', 'completed', 'amended', 'entered-in-error'] as const;

/** Questionnaire that a person fills in. */
export interface Assessment<Name extends string, Item extends string> {
  readonly id: string;
  readonly instrument: Name;
  /** Version of the questionnaire's wording. Default `1`. */
  readonly version?: string | undefined;
  readonly status: (typeof STATUSES)[number];
  /** Start, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Completion, required once it is completed. */
  readonly completedAt?: number | undefined;
  /** Answers from 0 (not at all) to 3 (nearly every day); all of them once it is completed. */
  readonly answers: Answers<Item>;
  /** Difficulty at work, at home and with people: 0 to 3. It is not part of the sum. */
  readonly difficulty?: ItemAnswer | undefined;
  /** Sum of the answers, checked if given. */
  readonly total?: number | undefined;
  readonly note?: string | undefined;
}

/** Questionnaire with its score. */
export interface ScoredAssessment<Name extends string, Item extends string>
  extends Omit<Assessment<Name, Item>, 'total'> {
  readonly version: string;
  /** Sum, once every item is answered. */
  readonly total?: number | undefined;
  readonly severity?: Severity | undefined;
  /** Whether item 9 of the PHQ-9, on self-harm, was answered with more than 0. */
  readonly riskFlag: boolean;
}

export type Phq9 = Assessment<'PHQ-9', Phq9Item>;
export type ScoredPhq9 = ScoredAssessment<'PHQ-9', Phq9Item>;
export type Gad7 = Assessment<'GAD-7', Gad7Item>;
export type ScoredGad7 = ScoredAssessment<'GAD-7', Gad7Item>;

/**
 * Patient Health Questionnaire (PHQ-9): nine items, sum 0 to 27, mild from 5, moderate from 10, moderately severe
 * from 15, severe from 20 (Kroenke, Spitzer, Williams 2001). Its output adds `total`, `severity` and `riskFlag`,
 * which is true for any answer to item 9 but 0: have somebody contact that person at once, for example by
 * `runtime.crisis()`.
 *
 * @example
 * const push = defineHandler()({ upstream: 'records', schema: phq9, run: httpHandler({ baseUrl }) });
 */
export const phq9: PayloadSchema<Phq9, ScoredPhq9> = assessmentSchema(PHQ9);

/**
 * Generalised Anxiety Disorder scale (GAD-7): seven items, sum 0 to 21, mild from 5, moderate from 10, severe from 15
 * (Spitzer, Kroenke, Williams, Löwe 2006). Its output adds `total` and `severity`.
 *
 * @example
 * const push = defineHandler()({ upstream: 'records', schema: gad7, run: httpHandler({ baseUrl }) });
 */
export const gad7: PayloadSchema<Gad7, ScoredGad7> = assessmentSchema(GAD7);

function assessmentSchema<Name extends string, Item extends string>(
  instrument: Instrument<Name, Item>,
): PayloadSchema<Assessment<Name, Item>, ScoredAssessment<Name, Item>> {
  const { name, items } = instrument;
  const answer = optional(whole(0, 3));
  const shape = fields({
    id: text(256),
    instrument: oneOf([name]),
    version: optional(text(64)),
    status: oneOf(STATUSES),
    startedAt: instant,
    completedAt: optional(instant),
    answers: onlyFields(Object.fromEntries(items.map((item) => [item, answer]))),
    difficulty: optional(whole(0, 3)),
    total: optional(whole(0, 3 * items.length)),
    note: optional(text(20_000)),
  });
  return schemaOf(allOf(shape, isWhole(instrument), sumIsRight(instrument)), (given) => {
    const { total, severity, riskFlag } = scoreOf(instrument, given.answers);
    const { total: _, ...rest } = given;
    const scored = total === null || severity === null ? {} : { total, severity };
    return { ...rest, version: given.version ?? '1', ...scored, riskFlag };
  });
}

/** Requires all answers and the time of completion once it is completed. */
function isWhole({ items }: Instrument): Rule {
  return (value, path) => {
    const { status, answers, completedAt } = value as Assessment<string, string>;
    // An entry in error may be anything.
    if (status !== 'completed' && status !== 'amended') return [];
    const missing = items.filter((item) => answers[item] === undefined);
    const issues = missing.map((item) => ({
      message: 'is missing, and the assessment is completed',
      path: [...path, 'answers', item],
    }));
    if (completedAt !== undefined) return issues;
    return [...issues, { message: 'is missing', path: [...path, 'completedAt'] }];
  };
}

function sumIsRight(instrument: Instrument): Rule {
  return (value, path) => {
    const { answers, total } = value as Assessment<string, string>;
    const { total: sum } = scoreOf(instrument, answers);
    if (total === undefined || total === sum) return [];
    return [{ message: 'must be the sum of the answers', path: [...path, 'total'] }];
  };
}
