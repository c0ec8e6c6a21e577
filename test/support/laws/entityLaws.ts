/**
 * Laws of single entities: L8 to L14.
 *
 * @module
 */

import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { canonical } from '../../../machines/merge/values/canonical.ts';
import { cleanJson } from '../../../machines/merge/values/cleanJson.ts';
import type { MergeCase } from '../../../src/testing/lawsOfMerges.ts';
import { leaves } from '../merge/asserts.ts';
import { fieldsOf, type Law, listOf, must, ofMerges, statesOf } from './law.ts';

const LIST = 'emergencyContacts';
const dialled = (phone: unknown) => String(phone).replaceAll(/[^\d+]/g, '');
const canBeDialled = (phone: unknown) =>
  (typeof phone === 'object' && phone !== null ? Object.values(phone) : [phone]).some(
    (part) => typeof part === 'number' || (typeof part === 'string' && /\d/.test(part)),
  );

const contactsStay = ofMerges((one, { value }) => {
  const ids = new Set(listOf(value, LIST).map(({ id }) => id));
  for (const { id } of statesOf(one).flatMap((each) => listOf(each, LIST))) {
    const isConfirmed = one.sides.some(({ meta }) =>
      meta.tombstones?.some(
        ({ path, confirmed }) => confirmed === true && path === `/${LIST}/${String(id)}`,
      ),
    );
    if (!isConfirmed && typeof id === 'string') must(ids.has(id), `contact ${id} is gone`);
  }
});

const contactsAreReached = ofMerges((one, { value }) => {
  // Two contacts under one identity are two contacts.
  const areTwo = statesOf(one).some((each) => {
    const ids = listOf(each, LIST).map(({ id }) => id);
    return new Set(ids).size < ids.length;
  });
  if (areTwo) return;
  const contacts = listOf(value, LIST);
  const before = new Map(listOf(one.base, LIST).map(({ id, phones }) => [id, phones]));
  for (const { id, phones } of contacts) {
    const known = before.get(id);
    if (!Array.isArray(known) || !Array.isArray(phones)) continue;
    if (known.length > 0) must(phones.length > 0, `contact ${String(id)} has lost its last number`);
    const isLost = known.some(canBeDialled) && !phones.some(canBeDialled);
    must(!isLost, `contact ${String(id)} cannot be dialled any more`);
  }
  const reached = new Set(leaves(contacts).map(dialled));
  const kept = new Set(contacts.map(({ id }) => id));
  for (const { id, phones } of one.sides.flatMap((side) => listOf(side.value, LIST))) {
    const known = before.get(id);
    const isList = known === undefined || Array.isArray(known);
    if (!kept.has(id) || !Array.isArray(phones) || !isList) continue;
    const old = new Set((known ?? []).map(dialled));
    for (const phone of phones.filter((each) => typeof each === 'string').map(dialled)) {
      if (!old.has(phone) && phone !== '') must(reached.has(phone), `${phone} is not reached`);
    }
  }
});

const riskStays = ofMerges((one, { value }) => {
  const isRisk = (each: unknown) => {
    const { riskFlag, instrument, answers } = fieldsOf(each);
    const answer = fieldsOf(answers)['q9'];
    return (
      riskFlag === true || (instrument === 'PHQ-9' && typeof answer === 'number' && answer > 0)
    );
  };
  if (statesOf(one).some(isRisk)) must(fieldsOf(value)['riskFlag'] === true, 'risk taken back');
});

const answersAreGiven = ofMerges((one, { value }) => {
  for (const [item, answer] of Object.entries(fieldsOf(fieldsOf(value)['answers']))) {
    const given = statesOf(one).map((each) =>
      canonical(cleanJson(fieldsOf(fieldsOf(each)['answers'])[item])),
    );
    must(given.includes(canonical(cleanJson(answer))), `nobody answered ${item} so`);
  }
});

const ledgerGrows = ofMerges((one, { value }) => {
  for (const name of ['payments', 'refunds']) {
    const merged = listOf(value, name);
    const before = listOf(one.base, name);
    for (const { id, amount, currency } of before) {
      const now = merged.filter((record) => record['id'] === id);
      must(now.length > 0, `${name}/${String(id)} is gone`);
      const isOnly = before.filter((record) => record['id'] === id).length === 1;
      const isAsWritten = now.some(
        (record) =>
          (amount === undefined || record['amount'] === amount) &&
          (currency === undefined || record['currency'] === currency),
      );
      if (isOnly) must(isAsWritten, `${name}/${String(id)} is of another amount`);
    }
    const written = statesOf(one).flatMap((each) => listOf(each, name));
    for (const field of ['amount', 'currency']) {
      for (const { [field]: now } of merged) {
        const isWritten = written.some((record) => record[field] === now);
        if (now !== undefined) must(isWritten, `nobody wrote that ${field}`);
      }
    }
  }
});

/** Facts that only an authority changes. */
const FACTS: Readonly<Record<string, readonly string[]>> = {
  subscription: ['status', 'tier', 'currentPeriodStart', 'currentPeriodEnd'],
  entitlement: ['sources', 'revokedTransactionIds', 'plan', 'active', 'expiresAt'],
  invoice: ['status', 'amountDue', 'amountPaid', 'amountRemaining', 'subtotal', 'tax', 'total'],
  payment_method: ['defaultId'],
};
/** Lists of billing records, with what only an authority changes of their items. */
const FACTS_OF_ITEMS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  invoice: [
    ['payments', 'state'],
    ['refunds', 'state'],
  ],
  payment_method: [
    ['methods', 'brand'],
    ['methods', 'last4'],
  ],
};

/** What is no record of billing at all may become an empty one. */
const isNone = (name: string, field: unknown) =>
  ['{}', '[]', 'null', 'false'].includes(JSON.stringify(field ?? null)) ||
  (name === 'sources' && (typeof field !== 'object' || Array.isArray(field))) ||
  (name === 'revokedTransactionIds' && !Array.isArray(field));

/** The user has the last word on what is removed, and so on a default that is gone. */
const isRemovedDefault = (name: string, before: unknown, sides: MergeCase['sides']) =>
  name === 'defaultId' &&
  sides.some(({ value, meta }) => {
    const id = typeof before === 'string' || typeof before === 'number' ? `${before}` : null;
    const isTold = id !== null && meta.tombstones?.some(({ path }) => path === `/methods/${id}`);
    return isTold === true || value === null;
  });

const claimsChangeNothing = ofMerges(({ base, sides, nowMs }, _, rules) => {
  const claims = sides.map(({ value, meta }) => ({ value, meta: { ...meta, verified: false } }));
  const { value } = mergeEntity(rules, base, claims, nowMs);
  const alone = mergeEntity(rules, base, [], nowMs);
  for (const name of FACTS[rules.type] ?? []) {
    const now = fieldsOf(value)[name];
    const before = fieldsOf(alone.value)[name];
    if (isRemovedDefault(name, before, sides)) continue;
    if (isNone(name, before) && isNone(name, now)) continue;
    // What is computed may be for the first time.
    const isComputed = name === 'active' || name === 'expiresAt';
    if (isComputed && before === undefined) continue;
    must(JSON.stringify(now) === JSON.stringify(before), `a claim changed ${name}`);
  }
  for (const [name, field] of FACTS_OF_ITEMS[rules.type] ?? []) {
    const ofBase = new Map(listOf(alone.value, name).map((item) => [String(item['id']), item]));
    const items = listOf(value, name);
    const isTwin = ({ id }: { readonly id?: unknown }) =>
      [base, ...sides.map((side) => side.value)].some(
        (state) => listOf(state, name).filter((other) => other['id'] === id).length > 1,
      );
    for (const item of items.filter((one) => one['id'] !== undefined && !isTwin(one))) {
      const known = ofBase.get(String(item['id']));
      const isOwn = known === undefined || known['pending'] === true;
      if (isOwn) must(item['pending'] === true, `an item of ${name} is not marked pending`);
      else must(item[field] === known[field], `a claim changed ${name}/${field}`);
    }
  }
});

/** With a common ancestor and without one. */
const providerStands = ofMerges(({ base, sides, nowMs }, _, rules) => {
  const all = sides.map((side, at) => ({
    ...side,
    meta: { ...side.meta, vv: {}, verified: at === 0, asOf: nowMs },
  }));
  for (const known of [base, null]) {
    const both = mergeEntity(rules, known, all, nowMs).value;
    const alone = mergeEntity(rules, known, all.slice(0, 1), nowMs).value;
    for (const name of FACTS[rules.type] ?? []) {
      const said = fieldsOf(alone)[name];
      const now = fieldsOf(both)[name];
      if (isNone(name, said) && isNone(name, now)) continue;
      // A default whose method one side removed, and another brings back.
      if ([said, now].some((word) => isRemovedDefault(name, word, sides))) continue;
      const isSame = JSON.stringify(now) === JSON.stringify(said);
      if (said !== undefined) must(isSame, `a device stands against the provider in ${name}`);
    }
  }
});

const consentIsNotWider = ofMerges((one, { value }) => {
  const consentOf = (each: unknown) => fieldsOf(fieldsOf(each)['consents'])['research'];
  const before = consentOf(one.base);
  const chosen = one.sides
    .map((side) => consentOf(side.value))
    .filter((choice) => typeof choice === 'boolean' && choice !== before);
  const isRefused = chosen.includes(false) && before !== false;
  if (isRefused) must(consentOf(value) === false, 'a consent that was refused stands');
});

export const ENTITY_LAWS: readonly Law[] = [
  {
    id: 'L8',
    says: 'a contact goes only by a confirmed removal',
    entities: ['crisis_plan'],
    property: contactsStay,
  },
  {
    id: 'L9',
    says: 'each contact that stays can be dialled, by each number that was put in',
    entities: ['crisis_plan'],
    property: contactsAreReached,
  },
  {
    id: 'L10',
    says: 'a sign of risk is never taken back',
    entities: ['assessment'],
    property: riskStays,
  },
  {
    id: 'L11',
    says: 'no answer is invented',
    entities: ['assessment'],
    property: answersAreGiven,
  },
  {
    id: 'L12',
    says: 'a ledger only grows, its amounts as they were written',
    entities: ['invoice'],
    property: ledgerGrows,
  },
  {
    id: 'L13',
    says: 'what nobody verified changes no billing fact',
    entities: ['subscription', 'entitlement', 'invoice', 'payment_method'],
    property: claimsChangeNothing,
  },
  {
    id: 'L13b',
    says: 'the word of the provider stands against any device',
    entities: ['subscription', 'entitlement', 'invoice', 'payment_method'],
    property: providerStands,
  },
  {
    id: 'L14',
    says: 'a consent is no wider than any device chose that chose anything',
    entities: ['preferences'],
    property: consentIsNotWider,
  },
];
