/**
 * Several devices and one upstream, whatever happens between them. `FLEET_RUNS=20000 npx vitest run
 * test/machines/conflict/fleet.property.test.ts` runs it so many times; a failure prints its seed.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../../machines/conflict/editBase.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { cases } from '../../support/cases.ts';
import {
  type FleetOptions,
  type HouseRules,
  RULES_OF_THE_HOUSE,
  type Step,
} from '../../support/conflict/fleet.ts';
import { clock, options, play, steps, wild } from '../../support/conflict/histories.ts';

const HOUSE = RULES_OF_THE_HOUSE;
const RUNS = Number(process.env['FLEET_RUNS'] ?? cases(100, 400));
const LIMIT_MS = 3_600_000;

describe('CF-1 CF-6 devices that edit one record', () => {
  test(
    'CF-6 lose nothing: each word is there, or was replaced knowingly, or a person or the audit has it',
    () => {
      fc.assert(
        fc.property(options, steps, (its, history) => {
          expect(play(its, history).lost).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );

  test(
    'CF-1 bring nothing back that somebody replaced knowing it, unasked',
    () => {
      fc.assert(
        fc.property(options, steps, (its, history) => {
          expect(play(its, history).broughtBack).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );

  test(
    'CF-1 all come to the same',
    () => {
      fc.assert(
        fc.property(options, steps, (its, history) => {
          const fleet = play(its, history);
          if (fleet.current === null) return;
          for (const { tabs } of fleet.apps) {
            for (const { value } of tabs) expect(value).toEqual(fleet.current.value);
          }
        }),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );

  test(
    'CF-1 one device alone never meets a conflict, whatever is lost on the way',
    () => {
      const alone = fc.record({
        carriesMeta: fc.boolean(),
        whileInReview: fc.constantFrom('goesOut' as const, 'waits' as const),
      });
      fc.assert(
        fc.property(alone, steps, (its, history) => {
          // What an edit was made of that was given up is no more: then somebody may be asked.
          const kept = history.filter(({ does }) => does !== 'giveUp');
          expect(play({ ...its, devices: 1 }, kept).questions).toBe(0);
        }),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );
});

test('CF-6 few edits are asked about anew, where metadata travels and nobody confirms anything', () => {
  // Up to four devices change one text apart, in which each word counts: those are true conflicts.
  const histories = fc.sample(fc.tuple(options, steps), { numRuns: 300, seed: 1 });
  const fleets = histories.map(([its, history]) => play({ ...its, carriesMeta: true }, history));
  const edits = fleets.reduce((sum, fleet) => sum + fleet.edits, 0);
  const anew = fleets.reduce((sum, fleet) => sum + fleet.askedAnew.size, 0);
  expect(anew / edits).toBeLessThanOrEqual(0.06);
});

describe('CF-7 CF-5 clocks decades off, that jump, silence of 500 days, restores, copies', () => {
  test(
    'CF-5 CF-7 nothing is lost, and nothing comes back unasked',
    () => {
      const odd = fc.tuple(options, fc.array(clock, { minLength: 4, maxLength: 4 }), fc.boolean());
      fc.assert(
        fc.property(odd, wild, ([its, clocks, isCopied], history) => {
          const fleet = play({ ...its, clocks, isCopied }, history);
          expect([fleet.lost, fleet.broughtBack]).toEqual([[], []]);
        }),
        { numRuns: RUNS / 2 },
      );
    },
    LIMIT_MS,
  );

  /** A person is removed on the first device; the third has a stale copy, and comes after 500 days. */
  const removed = (off: number): readonly Step[] => [
    { does: 'edit', device: 0, change: 'addPerson', pick: 0 },
    { does: 'send', device: 0, fate: 'arrives' },
    ...[1, 2].flatMap((one): readonly Step[] => [
      { does: 'tell', device: one, pick: 0 },
      { does: 'look', device: one },
    ]),
    { does: 'look', device: 0 },
    { does: 'jump', device: off, skewMs: off === 0 ? -1e15 : 401 * 86_400_000 },
    { does: 'edit', device: 0, change: 'removePerson', pick: 0 },
    { does: 'send', device: 0, fate: 'arrives' },
    { does: 'tell', device: 1, pick: 1 },
    { does: 'look', device: 1 },
    { does: 'jump', device: off, skewMs: 0 },
    { does: 'edit', device: 1, change: 'title', pick: 0 },
    { does: 'send', device: 1, fate: 'arrives' },
    { does: 'wait', days: 500 },
    { does: 'edit', device: 2, change: 'text', pick: 0 },
    { does: 'send', device: 2, fate: 'arrives' },
  ];

  test.each([0, 1])(
    'CF-5 CF-7 whoever was removed stays away, and nobody is asked: device %i',
    (off) => {
      const its = { devices: 3, carriesMeta: true, whileInReview: 'goesOut' } as const;
      const fleet = play(its, removed(off));
      expect(fleet.current?.value).toMatchObject({ people: [] });
      expect([fleet.lost, fleet.questions]).toEqual([[], 0]);
      // Planted: by the earlier of the two clocks, and what the version lists is dropped with what is held.
      const forgets: HouseRules['afterRemote'] = (...given) => {
        const news = HOUSE.afterRemote(...given);
        const { nowMs, silentMaxMs } = given[3];
        const isKept = ({ at = 0 }: { readonly at?: number }) => nowMs - at <= silentMaxMs;
        const { current, tombstones } = news.record;
        const listed = current?.meta?.tombstones?.filter(isKept);
        const known =
          current?.meta === undefined || listed === undefined
            ? current
            : { ...current, meta: { ...current.meta, tombstones: listed } };
        const held = tombstones.filter(({ tombstone }) => isKept(tombstone));
        return { ...news, record: { ...news.record, current: known, tombstones: held } };
      };
      const back = play(its, removed(off), { ...HOUSE, afterRemote: forgets });
      expect(JSON.stringify(back.current?.value)).toMatch(/"people":\[\{/);
    },
  );
});

/** Whether anything that is promised is broken by a history. */
function isBroken(its: FleetOptions, history: readonly Step[], house?: HouseRules): boolean {
  try {
    const fleet = play(its, history, house);
    const kept = history.filter(({ does }) => does !== 'giveUp');
    const one = play({ ...its, devices: 1, tabs: 1 }, kept, house);
    return fleet.lost.length > 0 || fleet.broughtBack.length > 0 || one.questions > 0;
  } catch {
    return true;
  }
}

type Bug = readonly [
  name: string,
  house: Partial<HouseRules>,
  upstream: Pick<FleetOptions, 'ignoresVersions'>,
];

const BUGS: readonly Bug[] = [
  ['the upstream takes whatever comes', {}, { ignoresVersions: true }],
  [
    'an edit goes out as it was given, whatever is known',
    {
      compareEdit: (comparison) => {
        const compared = HOUSE.compareEdit(comparison);
        if (compared.kind !== 'merge') return compared;
        const made = HOUSE.mergeEdit({ ...comparison, current: compared.current });
        if (!made.isMerged) return compared;
        const { payload } = comparison.edit.body;
        return { kind: 'clear', merged: { ...made.merged, payload } };
      },
    },
    {},
  ],
  [
    'an edit is taken to be made of what is there now',
    {
      compareEdit: (comparison) => HOUSE.compareEdit(onCurrent(comparison)),
      mergeEdit: (question) => HOUSE.mergeEdit(onCurrent(question)),
    },
    {},
  ],
  [
    'two windows of an app are taken for one',
    {
      compareEdit: (comparison) => HOUSE.compareEdit(chained(comparison)),
      mergeEdit: (question) => HOUSE.mergeEdit(chained(question)),
    },
    {},
  ],
  [
    'the base of the next edit is only what this one mentions',
    { baseAfter: (id, body) => ({ version: null, value: body.payload, edit: id }) },
    {},
  ],
  ['a refused edit is taken to have arrived', { standingOfSent: () => 'applied' }, {}],
  [
    'one that may have arrived is taken to have',
    {
      standingOfSent: (question) =>
        question.isOutcomeUnknown ? 'applied' : HOUSE.standingOfSent(question),
    },
    {},
  ],
  [
    'what the upstream holds is taken as it is',
    {
      mergeEdit: (question) => {
        const made = HOUSE.mergeEdit(question);
        if (!made.isMerged || question.current === null) return made;
        return { ...made, merged: { ...made.merged, payload: question.current.value } };
      },
    },
    {},
  ],
  [
    'what no rule decides is not told',
    {
      mergeEdit: (question) => {
        const made = HOUSE.mergeEdit(question);
        return made.isMerged ? { ...made, review: [], isHeld: false } : made;
      },
    },
    {},
  ],
];

/** As if each edit were made of the one before it, whatever it says. */
function chained<Question extends Comparison>(question: Question): Question {
  const { record } = question;
  return record?.ancestor ? madeOf(question, record.ancestor.value) : question;
}

/** As if what others wrote meanwhile had been on the screen. */
function onCurrent<Question extends Comparison>(question: Question): Question {
  const { record } = question;
  return record?.current ? madeOf(question, record.current.value) : question;
}

function madeOf<Question extends Comparison>(question: Question, value: Json): Question {
  const { edit } = question;
  return {
    ...question,
    edit: { ...edit, body: { ...edit.body, base: { version: null, value } } },
  };
}

describe('CF-1 CF-6 controls: what a fleet tells', () => {
  test.each<Bug>(BUGS)(
    'CF-6 control: %s',
    (_, bug, more) => {
      const result = fc.check(
        fc.property(options, steps, (its, history) => {
          expect(isBroken({ ...its, ...more }, history, { ...HOUSE, ...bug })).toBe(false);
        }),
        { numRuns: 3_000, endOnFailure: true },
      );
      expect(result.failed).toBe(true);
    },
    LIMIT_MS,
  );

  test.each([true, false])(
    'OP-3 an edit that arrived without an answer is not merged again: meta carried %s',
    (carriesMeta) => {
      const its = { devices: 3, carriesMeta, whileInReview: 'waits' } as const;
      // Whichever clock is ahead: nothing of it says whether an edit has arrived.
      const history: readonly Step[] = [
        { does: 'edit', device: 1, change: 'title', pick: 0 },
        { does: 'send', device: 1, fate: 'answerLost' },
        { does: 'tell', device: 2, pick: 0 },
        { does: 'look', device: 2 },
        { does: 'edit', device: 2, change: 'title', pick: 0 },
        { does: 'send', device: 2, fate: 'arrives' },
      ];
      const fleet = play(its, history);
      expect(fleet.broughtBack).toEqual([]);
      // Without the vector only a person can say.
      expect(fleet.unproven).toBe(carriesMeta ? 0 : 1);
      const standingOfSent: HouseRules['standingOfSent'] = (question) => {
        const standing = HOUSE.standingOfSent(question);
        return standing === 'applied' || standing === 'unproven' ? 'other' : standing;
      };
      expect(play(its, history, { ...HOUSE, standingOfSent }).broughtBack).toEqual(['w1']);
    },
  );
});
