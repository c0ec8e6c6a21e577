/**
 * What holds of single entities, whatever their devices wrote.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Merged, mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { canonical } from '../../../machines/merge/values/canonical.ts';
import { cleanJson } from '../../../machines/merge/values/cleanJson.ts';
import type { MergeCase } from '../../../src/testing/lawsOfMerges.ts';
import { casesOf, RECORDS } from '../../support/merge/arbitraries.ts';
import { leaves } from '../../support/merge/asserts.ts';

const RUNS = Number(process.env['MERGE_LAW_RUNS'] ?? 300);
const LIMIT_MS = 3_600_000;

type Fields = Readonly<Record<string, unknown>>;

function checkAll(type: string, check: (one: MergeCase, merged: Merged) => void): void {
  const record = RECORDS[type] ?? fc.constant(null);
  fc.assert(
    fc.property(casesOf(record), (one) => {
      check(one, mergeEntity(type, one.base, one.sides, one.nowMs));
    }),
    { numRuns: RUNS },
  );
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const listOf = (value: unknown, name: string): readonly Fields[] => {
  const list = fieldsOf(value)[name];
  return Array.isArray(list) ? list.map(fieldsOf) : [];
};
const all = ({ base, sides }: MergeCase): readonly unknown[] => [
  base,
  ...sides.map(({ value }) => value),
];
const dialled = (phone: unknown) => String(phone).replaceAll(/[^\d+]/g, '');

describe('CF-5 crisis plans', () => {
  test('a contact goes only by a confirmed removal', { timeout: LIMIT_MS }, () => {
    checkAll('crisis_plan', (one, { value }) => {
      const ids = new Set(listOf(value, 'emergencyContacts').map(({ id }) => id));
      for (const { id } of all(one).flatMap((each) => listOf(each, 'emergencyContacts'))) {
        const isConfirmed = one.sides.some(({ meta }) =>
          meta.tombstones?.some(
            ({ path, confirmed }) =>
              confirmed === true && path === `/emergencyContacts/${String(id)}`,
          ),
        );
        if (!isConfirmed && typeof id === 'string') expect(ids).toContain(id);
      }
    });
  });

  test('no contact loses its last number, and each number that was put in can be dialled', {
    timeout: LIMIT_MS,
  }, () => {
    checkAll('crisis_plan', (one, { value }) => {
      const contacts = listOf(value, 'emergencyContacts');
      // Two contacts under one identity are two contacts.
      const areTwo = all(one).some((each) => {
        const ids = listOf(each, 'emergencyContacts').map(({ id }) => id);
        return new Set(ids).size < ids.length;
      });
      if (areTwo) return;
      const before = new Map(
        listOf(one.base, 'emergencyContacts')
          .toReversed()
          .map((contact) => [contact['id'], contact['phones']]),
      );
      for (const { id, phones } of contacts) {
        const known = before.get(id);
        const had = Array.isArray(known) && known.length > 0 && Array.isArray(phones);
        if (had) expect(phones).not.toHaveLength(0);
      }
      const reached = new Set(leaves(contacts).map(dialled));
      const kept = new Set(contacts.map(({ id }) => id));
      for (const { value: side } of one.sides) {
        for (const { id, phones } of listOf(side, 'emergencyContacts')) {
          if (!kept.has(id) || !Array.isArray(phones)) continue;
          const known = before.get(id);
          const old = new Set(Array.isArray(known) ? known.map(dialled) : []);
          const isList = known === undefined || Array.isArray(known);
          for (const phone of phones.filter((each) => typeof each === 'string').map(dialled)) {
            if (isList && !old.has(phone) && phone !== '') expect(reached).toContain(phone);
          }
        }
      }
    });
  });
});

describe('CF-4 questionnaires', () => {
  test('a sign of risk is never taken back, and no answer is invented', {
    timeout: LIMIT_MS,
  }, () => {
    checkAll('assessment', (one, { value }) => {
      const merged = fieldsOf(value);
      const isRisk = (each: unknown) => {
        const { riskFlag, instrument, answers } = fieldsOf(each);
        const answer = fieldsOf(answers)['q9'];
        return (
          riskFlag === true || (instrument === 'PHQ-9' && typeof answer === 'number' && answer > 0)
        );
      };
      if (all(one).some(isRisk)) expect(merged['riskFlag']).toBe(true);
      for (const [item, answer] of Object.entries(fieldsOf(merged['answers']))) {
        const given = all(one).map((each) => fieldsOf(fieldsOf(each)['answers'])[item]);
        expect(given.map((each) => canonical(cleanJson(each)))).toContain(
          canonical(cleanJson(answer)),
        );
      }
    });
  });
});

describe('CF-7 billing', () => {
  test('a ledger only grows, each record once, its amounts as they were written', {
    timeout: LIMIT_MS,
  }, () => {
    checkAll('invoice', (one, { value }) => {
      const merged = listOf(value, 'payments');
      for (const { id } of listOf(one.base, 'payments')) {
        expect(merged.map((payment) => payment['id'])).toContain(id);
      }
      const written = all(one).flatMap((each) => listOf(each, 'payments'));
      for (const { amount, currency } of merged) {
        if (amount !== undefined) expect(written.map((each) => each['amount'])).toContain(amount);
        if (currency !== undefined)
          expect(written.map((each) => each['currency'])).toContain(currency);
      }
    });
  });

  test('what nobody verified changes no billing fact', { timeout: LIMIT_MS }, () => {
    for (const [type, names] of [
      ['subscription', ['status', 'tier', 'currentPeriodStart', 'currentPeriodEnd']],
      ['entitlement', ['sources', 'revokedTransactionIds', 'plan']],
    ] as const) {
      checkAll(type, ({ base, sides, nowMs }) => {
        const claims = sides.map(({ value, meta }) => ({
          value,
          meta: { ...meta, verified: false },
        }));
        const { value } = mergeEntity(type, base, claims, nowMs);
        const alone = mergeEntity(type, base, [], nowMs);
        for (const name of names) {
          const now = fieldsOf(value)[name];
          const before = fieldsOf(alone.value)[name];
          // What is no record of billing at all may become an empty one.
          const isNone = (field: unknown) =>
            ['{}', '[]', 'null'].includes(JSON.stringify(field ?? null)) ||
            (name === 'sources' && (typeof field !== 'object' || Array.isArray(field))) ||
            (name === 'revokedTransactionIds' && !Array.isArray(field));
          if (!isNone(before) || !isNone(now)) expect(now).toEqual(before);
        }
      });
    }
  });
});

describe('CF-4 preferences', () => {
  test('a consent is no wider than any device chose that chose anything', {
    timeout: LIMIT_MS,
  }, () => {
    checkAll('preferences', (one, { value }) => {
      const consentOf = (each: unknown) => fieldsOf(fieldsOf(each)['consents'])['research'];
      const before = consentOf(one.base);
      const chosen = one.sides
        .map((side) => consentOf(side.value))
        .filter((choice) => typeof choice === 'boolean' && choice !== before);
      if (chosen.includes(false) && before !== false) expect(consentOf(value)).toBe(false);
    });
  });

  test('times that belong together are one device’s', { timeout: LIMIT_MS }, () => {
    checkAll('preferences', (one, { value }) => {
      const hours = (each: unknown, base: unknown = {}) => {
        const own = { ...fieldsOf(base), ...fieldsOf(each) };
        return JSON.stringify(
          ['quietStart', 'quietEnd', 'quietTz'].map((name) => own[name] ?? null),
        ).normalize();
      };
      const sets = [hours(one.base), ...one.sides.map((side) => hours(side.value, one.base))];
      expect(sets).toContain(hours(value));
    });
  });
});
