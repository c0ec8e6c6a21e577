/**
 * Clinical questionnaire: PHQ-9 or GAD-7. The person fills it in; a clinician corrects it. Sums follow from answers;
 * a merge never withdraws a sign of risk.
 *
 * @module
 */

import {
  type Answers,
  GAD7,
  type Instrument,
  type ItemAnswer,
  PHQ9,
  scoreOf,
} from '../../policy/clinical/instruments.ts';
import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { declareEntity, type Finding } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import type { Change } from '../rules/change.ts';
import { computed } from '../rules/fields.ts';
import { QUESTIONNAIRE_FIELDS, questionnaire } from '../rules/questionnaire.ts';
import { alternative, GROUP_MARK } from '../rules/ruling.ts';
import { both, firstStays } from '../rules/single.ts';
import { isObject } from '../values/canonical.ts';

const INSTRUMENTS: ReadonlyMap<Json | undefined, Instrument> = new Map<
  Json | undefined,
  Instrument
>([
  [PHQ9.name, PHQ9],
  [GAD7.name, GAD7],
]);
const GROUP = 'questionnaire';
/** Option for unknown instruments, for which nothing is computed. */
const IF_NONE = { ifNone: 'as said' } as const;

export const assessment = declareEntity({
  type: 'assessment',
  title: 'Questionnaire (PHQ-9, GAD-7)',
  authority: 'the person who fills it in; a clinician for an amendment',
  whileInReview: 'goesOut',
  fields: {
    id: firstStays(),
    startedAt: firstStays(),
    total: computed('The sum of all answers; none until every item is answered.', IF_NONE),
    severity: computed('From the sum, by the bands of the instrument.', IF_NONE),
    riskFlag: risk(),
  },
  groups: {
    [GROUP]: { names: QUESTIONNAIRE_FIELDS, rule: questionnaire((name) => INSTRUMENTS.has(name)) },
  },
  other: anything(both()),
  computes: (value, changes, base) => ({
    ...scored(value),
    ...riskOf(value, changes, base),
  }),
  checks: [{ says: 'What is completed has every answer.', find: unanswered }],
});

/** Makes the rule of a sign of risk: a merge never withdraws one. */
function risk() {
  const rule = computed(
    'Set when the item on self-harm was answered with more than 0 on any device, or was set before. A merge never takes it back.',
  );
  return {
    ...rule,
    note: ((base, side, notes) => {
      if (side === true && base !== true) notes.add('set', side);
    }) satisfies typeof rule.note,
  };
}

function scored(value: JsonObject): JsonObject {
  const instrument = INSTRUMENTS.get(value['instrument']);
  const answers = answersOf(value);
  if (instrument === undefined || answers === null) return {};
  const { total, severity } = scoreOf(instrument, answers);
  return { total, severity };
}

/** Returns the answers of known instruments; `null` if there is no list of answers. */
function answersOf({ answers }: JsonObject): Answers | null {
  if (!isObject(answers)) return null;
  const sound = Object.entries(answers).filter((entry): entry is [string, ItemAnswer] => {
    const [, answer] = entry;
    return answer === 0 || answer === 1 || answer === 2 || answer === 3;
  });
  return Object.fromEntries(sound);
}

/** Computes risk from what any device has written, taken or not. */
function riskOf(
  value: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
): JsonObject {
  const written = changes.map((change) => change.value).filter((one) => isObject(one));
  const all = [value, ...(base === undefined ? [] : [base]), ...written];
  const isSet =
    all.some(isAtRisk) ||
    base?.['riskFlag'] === true ||
    changes.some(({ path, value: flag }) => path[0] === 'riskFlag' && flag === true);
  // Answers that are no list say nothing of risk.
  const isReadable = INSTRUMENTS.has(value['instrument']) && isObject(value['answers'] ?? {});
  return isSet || isReadable ? { riskFlag: isSet } : {};
}

function isAtRisk({ instrument, answers }: JsonObject): boolean {
  const item = INSTRUMENTS.get(instrument)?.riskItem ?? null;
  const answer = item !== null && isObject(answers) ? answers[item] : undefined;
  return typeof answer === 'number' && answer > 0;
}

function unanswered(value: JsonObject, changes: readonly Change[]): readonly Finding[] {
  const instrument = INSTRUMENTS.get(value['instrument']);
  const isDone = value['status'] === 'completed' || value['status'] === 'amended';
  const answers = answersOf(value);
  if (instrument === undefined || !isDone || answers === null) return [];
  const isWhole = instrument.items.every((item) => answers[item] !== undefined);
  const isKnown = isWhole && Object.keys(answers).every((item) => instrument.items.includes(item));
  if (isKnown) return [];
  const said = changes.filter(({ path }) => path[0] === GROUP_MARK + GROUP);
  const alternatives = said.map((change) => alternative(change.value, change.from));
  return [{ path: '/answers', reason: 'completed without all its answers', alternatives }];
}
