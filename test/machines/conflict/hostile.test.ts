/**
 * Records, edits and versions of unknown origin: the functions of machines/conflict throw at none, change none, and say
 * the same each time.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareEdit } from '../../../machines/conflict/compareEdit.ts';
import type { Edit } from '../../../machines/conflict/editBase.ts';
import { decodeEntityRecord, encodeEntityRecord } from '../../../machines/conflict/entityRecord.ts';
import { decidedBody, mergeEdit } from '../../../machines/conflict/mergeEdit.ts';
import { afterRemote, afterSent } from '../../../machines/conflict/recordNews.ts';
import { standingOfSent } from '../../../machines/conflict/sentEdit.ts';
import { recordMetaFrom } from '../../../machines/merge/clock/recordMeta.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import type { Current } from '../../../machines/vocabulary/record.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { ABOUT, DAY_MS, T0 } from '../../support/conflict/device.ts';

const name = fc.constantFrom('phone', 'tablet', '__proto__', 'constructor', 'srv', 'id', 'c1');
const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
  fc.constantFrom<Json>(null, '', '4111111111111111', 0, -1, 1e308),
);
const fields = fc.dictionary(name, odd, { maxKeys: 4 }).map((one) => one as Json);
const value = fc.oneof(
  odd,
  fields,
  fc
    .record({ emergencyContacts: fc.array(fields, { maxLength: 3 }), note: odd })
    .map((one) => one as Json),
);
const meta = fc.oneof(
  odd,
  fc.record({
    vv: fc.dictionary(name, fc.oneof(fc.nat(5), odd)),
    actor: name,
    hlc: fc.record({ ms: fc.oneof(fc.nat(), odd), c: fc.nat(3) }),
    tombstones: fc.array(
      fc.oneof(
        odd,
        fc.record({ path: fc.constantFrom('/emergencyContacts/c1', '/', 'x'), confirmed: odd }),
      ),
      { maxLength: 3 },
    ),
    heard: fc.dictionary(name, odd),
    bodies: fc.dictionary(name, odd),
  }),
);
const current: fc.Arbitrary<Current | null> = fc.option(
  fc
    .record({ version: fc.constantFrom(null, '"1"', '"2"'), value, meta })
    .map(({ version, value: held, meta: given }) => {
      const known = recordMetaFrom(given);
      return { version, value: held, ...(known === null ? {} : { meta: known }) };
    }),
);
const base = fc.oneof(
  odd,
  fc.constantFrom<Json>('"1"'),
  fc.record({ version: odd, value }).map((one) => one as Json),
);
const history = fc.array(
  fc.record({
    payload: value,
    base: fc.option(base, { nil: undefined }),
    remote: current,
    isAsked: fc.boolean(),
    isDecision: fc.boolean(),
    isOutcomeUnknown: fc.boolean(),
    days: fc.constantFrom(0, 1, 401),
  }),
  { maxLength: 4 },
);

type Step = (typeof history extends fc.Arbitrary<infer All> ? All : never)[number];

/** All that is said of a history, as one text. */
function said(steps: readonly Step[], type: string): string {
  const rules = entityRulesOf(type);
  const told: unknown[] = [];
  let kept: string | null = null;
  let nowMs = T0;
  for (const {
    payload,
    base: given,
    remote,
    isAsked,
    isDecision,
    isOutcomeUnknown,
    days,
  } of steps) {
    nowMs += days * DAY_MS;
    const onlooker = { device: 'phone', rules, nowMs, silentMaxMs: 400 * DAY_MS };
    const body = {
      payload,
      ...(given === undefined ? {} : { base: given }),
      ...(isDecision ? { isDecision: true as const } : {}),
    };
    const edit: Edit = { body, acceptedAtMs: nowMs, round: 0 };
    const before = kept === null ? null : decodeEntityRecord(kept);
    if (kept !== null && before === null) throw new Error('what was written is not read');
    const comparison = { record: before, edit, rules, device: 'phone', nowMs, draw: 'b' };
    const compared = compareEdit(comparison);
    const made = mergeEdit({ ...comparison, current: remote });
    const merged =
      compared.kind === 'clear' ? compared.merged : made.isMerged ? made.merged : undefined;
    const standing = standingOfSent({
      ...{ sent: merged, current: remote, record: before, device: 'phone', isOutcomeUnknown },
    });
    const decided = decidedBody(comparison, { value: payload, version: null });
    const news = afterRemote(before, ABOUT, remote, onlooker, isAsked);
    const sent = afterSent(
      news.record,
      ABOUT,
      { id: 'op-1', body: merged === undefined ? body : { ...body, merged }, acceptedAtMs: nowMs },
      onlooker,
    );
    kept = encodeEntityRecord(sent);
    told.push(compared, made, standing, decided, news, sent);
  }
  return JSON.stringify(told);
}

describe('CF-2 whatever they are given', () => {
  test.each(['crisis_plan', 'subscription', 'mood_log', 'undeclared'])(
    'CF-2 records of %s: they never throw, change nothing, and say the same again',
    (type) => {
      fc.assert(
        fc.property(history, (steps) => {
          const before = JSON.stringify(steps);
          const first = said(steps, type);
          expect(said(steps, type)).toBe(first);
          expect(JSON.stringify(steps)).toBe(before);
          expect(Object.keys({})).toEqual([]);
          expect('polluted' in {}).toBe(false);
          // A card number is nowhere in what is kept of what others hold.
          const last = steps.at(-1)?.remote ?? null;
          if (last !== null) {
            const onlooker = {
              ...{ device: 'phone', rules: entityRulesOf(type), nowMs: T0, silentMaxMs: 1 },
            };
            const news = afterRemote(null, ABOUT, last, onlooker, true);
            expect(JSON.stringify(news.record.current)).not.toContain('4111111111111111');
          }
        }),
        { numRuns: 300 },
      );
    },
    600_000,
  );

  test('CF-2 a text that is no record is none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const read = decodeEntityRecord(text);
        if (read !== null) expect(decodeEntityRecord(encodeEntityRecord(read))).toEqual(read);
      }),
    );
  });

  test('CF-2 a record that is nested deeper than the stack', () => {
    let deep: Json = 'end';
    for (let level = 0; level < 20_000; level += 1) deep = { a: deep };
    const rules = entityRulesOf('preferences');
    const onlooker = { device: 'phone', rules, nowMs: T0, silentMaxMs: DAY_MS };
    const held = { version: '"1"', value: deep };
    const { record } = afterRemote(null, ABOUT, held, onlooker, true);
    const edit: Edit = { body: { payload: { a: 1 } }, acceptedAtMs: T0, round: 0 };
    const comparison = { record, edit, rules, device: 'phone', nowMs: T0, draw: 'b' };
    expect(compareEdit(comparison).kind).not.toBe('clear');
    expect(mergeEdit({ ...comparison, current: held }).isMerged).toBe(false);
    expect(decodeEntityRecord(encodeEntityRecord(record))?.subject).toBe('ann');
  });
});
