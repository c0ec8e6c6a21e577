/**
 * The drill where the requests are the trouble: keys that others have used, subjects in other spellings, and JSON
 * that takes long to read.
 *
 * @module
 */

import type { CrisisRequest } from '../../runtime.ts';
import { PLAN_RESOURCES } from '../stage/answerCheck.ts';
import { crisisOf } from '../stage/crises.ts';
import type { Scenario } from './scenario.ts';

/** So many crises of different people, with different words, come under one key. */
const SHARING = 8;

export const anothersKey: Scenario = {
  name: 'anothers-key',
  title: "Another's idempotency key",
  means: `${SHARING} crises of different people, with different words, come under each key`,
  seconds: { full: 16, short: 3 },
  crises: { full: 4_000, short: 200 },
  async run(stage) {
    const runtime = await stage.openWell();
    const keys = new Set<string>();
    await stage.stream(runtime, (number) => {
      const idempotencyKey = `session-${Math.floor(number / SHARING)}`;
      keys.add(idempotencyKey);
      return { ...crisisOf(number), idempotencyKey };
    });
    stage.saw(keys.size < stage.order.count, `${stage.order.count} crises had ${keys.size} keys`);
  },
};

/** Plans are kept under the first of each, and asked for under the second. */
const SPELLINGS: readonly (readonly [kept: string, asked: unknown])[] = [
  ['42', 42],
  ['Jos\u00e9', 'Jose\u0301'],
  ['\u00c5sa', 'A\u030asa'],
];

export const spellings: Scenario = {
  name: 'spellings',
  title: 'Subjects in another spelling',
  means:
    'half of the people come as a number, or in another Unicode form than the one under which their plan is kept',
  seconds: { full: 16, short: 3 },
  crises: { full: 4_000, short: 200 },
  async run(stage) {
    const runtime = await stage.openWell();
    for (const [kept] of SPELLINGS) {
      await runtime.crisisPlans.put(kept, { resources: PLAN_RESOURCES });
      await runtime.crisisPlans.pin(kept);
    }
    let asked = 0;
    await stage.stream(runtime, (number) => {
      const [, subject] = SPELLINGS[(number / 2) % SPELLINGS.length] ?? [];
      if (subject === undefined) return crisisOf(number);
      asked += 1;
      return { ...crisisOf(number), subject: subject as string };
    });
    stage.saw(asked > 0, `${asked} crises came under another spelling`);
  },
};

/** One crisis in so many is large. */
const ONE_LARGE_IN = 25;
const FIELDS = 70_000;
const CARD_NUMBERS = 45_000;
const REGION_LENGTH = 50 * 1_024 * 1_024;

export const largeJson: Scenario = {
  name: 'large-json',
  title: 'JSON that takes long to read',
  means: `one request in ${ONE_LARGE_IN} has ${FIELDS} unknown fields, as many in its payload, ${CARD_NUMBERS} card numbers, or a region of 50 MB`,
  seconds: { full: 16, short: 4 },
  crises: { full: 4_000, short: 200 },
  async run(stage) {
    const runtime = await stage.openWell();
    const many = (of: (at: number) => readonly [string, unknown], count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => of(at)));
    const fields = many((at) => [`field-${at}`, at], FIELDS);
    const cards = '4111 1111 1111 1111, '.repeat(CARD_NUMBERS);
    const region = 'x'.repeat(REGION_LENGTH);
    const kinds: readonly ((usual: CrisisRequest, number: number) => CrisisRequest)[] = [
      (usual) => ({ ...fields, ...usual }),
      (usual, number) => ({ ...usual, payload: { number, ...fields } }),
      (usual, number) => ({ ...usual, payload: { number, note: cards } }),
      (usual) => ({ ...usual, region }),
    ];
    let large = 0;
    // Made before they are due: what the caller needs for that is not the runtime's.
    const { firstNumber, count } = stage.order;
    const prepared = Array.from({ length: count }, (_, at) => {
      const number = firstNumber + at;
      const usual = crisisOf(number);
      if (at % ONE_LARGE_IN !== 0) return usual;
      const kind = kinds[(at / ONE_LARGE_IN) % kinds.length];
      large += 1;
      return kind?.(usual, number) ?? usual;
    });
    await stage.stream(runtime, (number) => prepared[number - firstNumber] ?? crisisOf(number));
    stage.saw(large > 0, `${large} of the requests were large`);
  },
};
