/**
 * The defects that the drill has to find, one for each promise: each is planted in the product's own parts, and
 * fails the one scenario that is run with it. What plants them is in planted.ts, which the process under drill
 * alone loads.
 *
 * @module
 */

export interface Plant {
  /** The name that `--plant` takes. */
  readonly name: string;
  /** What the product does with it. */
  readonly defect: string;
  /** The scenario that it fails. */
  readonly scenario: string;
  /** How many crises are sent then. */
  readonly crises: number;
  /** What the drill has to say then. */
  readonly finds: RegExp;
}

const LATE = /answered after 200 ms or more/;
const LOST = /not delivered/;
const DOUBLED = /delivered more than once/;

export const PLANTS: readonly Plant[] = [
  {
    name: 'empty',
    defect: 'answers hold no help line',
    scenario: 'idle',
    crises: 40,
    finds: /without every built-in help line/,
  },
  {
    name: 'no-plan',
    defect: 'one answer in ten lacks the plan of its person',
    scenario: 'idle',
    crises: 40,
    finds: /without the person's own plan/,
  },
  {
    name: 'wordless',
    defect: 'answers have no words for the person',
    scenario: 'idle',
    crises: 40,
    finds: /without words for the person/,
  },
  {
    name: 'far-first',
    defect: 'what serves the region comes last',
    scenario: 'idle',
    crises: 40,
    finds: /in the wrong order/,
  },
  {
    name: 'untaken',
    defect: 'one crisis in ten is answered and not taken',
    scenario: 'idle',
    crises: 40,
    finds: /answered and not taken/,
  },
  {
    name: 'late',
    defect: 'one answer in ten comes two seconds later',
    scenario: 'idle',
    crises: 40,
    finds: LATE,
  },
  {
    name: 'lost',
    defect: 'one delivery in ten ends as done and never goes out',
    scenario: 'store-corrupt',
    crises: 40,
    finds: LOST,
  },
  {
    name: 'lost-half-open',
    defect: 'a delivery that is due while the breaker is half open ends as done and never goes out',
    scenario: 'breaker',
    crises: 200,
    finds: LOST,
  },
  {
    name: 'look-ups',
    defect: 'names are looked up as often as anybody asks, and no address is kept',
    scenario: 'look-ups',
    crises: 40,
    finds: LOST,
  },
  {
    name: 'no-spares',
    defect: 'no descriptor is held for connections of crises',
    scenario: 'descriptors',
    crises: 40,
    finds: /: 0 crises were delivered while there was none/,
  },
  {
    name: 'key',
    defect: "crises go out under the app's key as it was given, whoever has used it",
    scenario: 'anothers-key',
    crises: 40,
    finds: LOST,
  },
  {
    name: 'spelling',
    defect: 'the plan of a subject is looked for under its id as it came',
    scenario: 'spellings',
    crises: 40,
    finds: /without the person's own plan/,
  },
  {
    name: 'large-at-once',
    defect: 'what takes long to read is read in one go',
    scenario: 'large-json',
    crises: 200,
    finds: LATE,
  },
  {
    name: 'unsliced',
    defect: 'what ends at once is worked through in one go',
    scenario: 'stalled',
    crises: 600,
    finds: LATE,
  },
  {
    name: 'doubled',
    defect: 'what was on disk before a restart goes out under another key',
    scenario: 'recovery',
    crises: 40,
    finds: DOUBLED,
  },
  {
    name: 'step-skipped',
    defect: 'the first step of the chain is not called',
    scenario: 'chain-away',
    crises: 60,
    finds: /on-call was not told of/,
  },
  {
    name: 'gives-up',
    defect: 'the chain is given up once its last step was not heard',
    scenario: 'chain-away',
    crises: 60,
    finds: /emergency-desk was not told of/,
  },
  {
    name: 'heard-enough',
    defect: 'a step that has not answered counts as told',
    scenario: 'chain-hangs',
    crises: 60,
    finds: /was not told of/,
  },
  {
    name: 'never-lapses',
    defect: 'an acknowledgement lasts for ever',
    scenario: 'acknowledged',
    crises: 60,
    finds: /on-call was not told of/,
  },
];

/** The plant of this name. */
export function plantOf(name: string): Plant | undefined {
  return PLANTS.find((plant) => plant.name === name);
}
