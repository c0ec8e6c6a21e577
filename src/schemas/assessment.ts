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

/** A questionnaire, as a person fills it in. */
export interface Assessment<Name extends string, Item extends string> {
  readonly id: string;
  readonly instrument: Name;
  /** Of the questionnaire's wording. Default `1`. */
  readonly version?: string | undefined;
  readonly status: (typeof STATUSES)[number];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Needed once it is completed. */
  readonly completedAt?: number | undefined;
  /** 0 (not at all) to 3 (nearly every day); all of them once it is completed. */
  readonly answers: Answers<Item>;
  /** How difficult it all made work, home and people: 0 to 3. It is not part of the sum. */
  readonly difficulty?: ItemAnswer | undefined;
  /** If it is given it must be the sum of the answers. */
  readonly total?: number | undefined;
  readonly note?: string | undefined;
}

/** The same with what follows from the answers. */
export interface ScoredAssessment<Name extends string, Item extends string>
  extends Omit<Assessment<Name, Item>, 'total'> {
  readonly version: string;
  /** Once every item is answered. */
  readonly total?: number | undefined;
  readonly severity?: Severity | undefined;
  /** Of the PHQ-9: item 9, on self-harm, was answered with more than 0. */
  readonly riskFlag: boolean;
}

export type Phq9 = Assessment<'PHQ-9', Phq9Item>;
export type ScoredPhq9 = ScoredAssessment<'PHQ-9', Phq9Item>;
export type Gad7 = Assessment<'GAD-7', Gad7Item>;
export type ScoredGad7 = ScoredAssessment<'GAD-7', Gad7Item>;

/**
 * The Patient Health Questionnaire (PHQ-9): nine items, sum 0 to 27, mild from 5, moderate from 10,
 * moderately severe from 15, severe from 20 (Kroenke, Spitzer, Williams 2001). What it gives back has
 * `total`, `severity` and `riskFlag`, which is true for any answer to item 9 but 0: have somebody look at
 * that person at once, as by `runtime.crisis()`.
 *
 * @example
 * const push = defineHandler()({ upstream: 'records', schema: phq9, run: httpHandler({ baseUrl }) });
 */
export const phq9: PayloadSchema<Phq9, ScoredPhq9> = assessmentSchema(PHQ9);

/**
 * The Generalised Anxiety Disorder scale (GAD-7): seven items, sum 0 to 21, mild from 5, moderate from 10,
 * severe from 15 (Spitzer, Kroenke, Williams, Löwe 2006). What it gives back has `total` and `severity`.
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

/** What was completed has all answers, and the time of that. */
function isWhole({ items }: Instrument): Rule {
  return (value, path) => {
    const { status, answers, completedAt } = value as Assessment<string, string>;
    // What was entered in error may be anything.
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
