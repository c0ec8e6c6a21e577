/**
 * Questionnaires that are scored: their items, and what a sum of answers means.
 *
 * Sources: Kroenke, Spitzer, Williams, "The PHQ-9", J Gen Intern Med 2001;16:606–613; Spitzer, Kroenke,
 * Williams, Löwe, "A brief measure for assessing generalized anxiety disorder", Arch Intern Med
 * 2006;166:1092–1097. Each item is answered 0 (not at all) to 3 (nearly every day).
 *
 * @module
 */

/** How heavy the symptoms are that a sum means. */
export type Severity = 'minimal' | 'mild' | 'moderate' | 'moderatelySevere' | 'severe';

export type ItemAnswer = 0 | 1 | 2 | 3;

/** Answers by item; one that is missing is not answered yet. */
export type Answers<Item extends string = string> = { readonly [One in Item]?: ItemAnswer };

export interface Instrument<Name extends string = string, Item extends string = string> {
  readonly name: Name;
  readonly items: readonly Item[];
  /** From which sum on which severity, the heaviest first. */
  readonly bands: readonly (readonly [from: number, Severity])[];
  /** The item that asks for thoughts of being better off dead or of self-harm. */
  readonly riskItem: Item | null;
}

export type Phq9Item = 'q1' | 'q2' | 'q3' | 'q4' | 'q5' | 'q6' | 'q7' | 'q8' | 'q9';
export type Gad7Item = 'q1' | 'q2' | 'q3' | 'q4' | 'q5' | 'q6' | 'q7';

export const PHQ9: Instrument<'PHQ-9', Phq9Item> = {
  name: 'PHQ-9',
  items: ['q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7', 'q8', 'q9'],
  bands: [
    [20, 'severe'],
    [15, 'moderatelySevere'],
    [10, 'moderate'],
    [5, 'mild'],
    [0, 'minimal'],
  ],
  riskItem: 'q9',
};

export const GAD7: Instrument<'GAD-7', Gad7Item> = {
  name: 'GAD-7',
  items: ['q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q7'],
  bands: [
    [15, 'severe'],
    [10, 'moderate'],
    [5, 'mild'],
    [0, 'minimal'],
  ],
  riskItem: null,
};

/** What follows from answers; nothing of it is ever put in by hand. */
export interface Score {
  /** `null` until every item is answered: a sum of some says nothing. */
  readonly total: number | null;
  readonly severity: Severity | null;
  /** Whether the item on self-harm was answered with more than 0, whatever the others say. */
  readonly riskFlag: boolean;
}

/** What these answers come to. */
export function scoreOf(instrument: Instrument, answers: Answers): Score {
  const { items, bands, riskItem } = instrument;
  const riskFlag = riskItem !== null && (answers[riskItem] ?? 0) > 0;
  let total = 0;
  for (const item of items) {
    const answer = answers[item];
    if (answer === undefined) return { total: null, severity: null, riskFlag };
    total += answer;
  }
  const severity = bands.find(([from]) => total >= from)?.[1] ?? null;
  return { total, severity, riskFlag };
}
