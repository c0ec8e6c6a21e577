/**
 * Invoice with its payments and refunds. The provider's ledger has the last word; ledger entries stay, and amounts
 * are neither added nor averaged (CF-7).
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { declareEntity, type Finding } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import type { Change } from '../rules/change.ts';
import { fields } from '../rules/fields.ts';
import { list } from '../rules/list.ts';
import { type Alternative, alternative, GROUP_MARK } from '../rules/ruling.ts';
import { firstStays, furthest, latest } from '../rules/single.ts';
import { snapshot } from '../rules/snapshot.ts';
import { isList, isObject, isSame } from '../values/canonical.ts';
import { pendingItem, pendingMark, provided, withClaims } from './providerWord.ts';
import { CARD_FIELDS } from './rulesOf.ts';

const TOTALS = ['amountDue', 'amountPaid', 'amountRemaining', 'subtotal', 'tax', 'total'] as const;

const STATES = [
  'pending',
  'requires_action',
  'processing',
  ['succeeded', 'failed', 'canceled'],
  'disputed',
] as const;

const record = pendingItem((whileSilent) =>
  fields({
    fields: {
      id: firstStays(),
      idempotencyKey: firstStays(),
      amount: provided(firstStays(), 'stands'),
      currency: provided(firstStays(), 'stands'),
      state: provided(furthest(STATES), whileSilent),
      pending: pendingMark(),
    },
    other: anything(provided(latest(), 'stands')),
  }),
);

const ledger = list({ id: 'id', item: record, removing: 'never', uniqueBy: 'idempotencyKey' });

/** Whether only the provider decides a field: the state of the invoice and of its payments, and the totals. */
function isFact([name = '', , field]: readonly string[]): boolean {
  const isRecord = name === 'payments' || name === 'refunds';
  return isRecord ? field === 'state' : name === 'status' || name === `${GROUP_MARK}totals`;
}

const rules = declareEntity({
  type: 'invoice',
  title: 'Invoice and payments',
  authority: "the provider's ledger",
  whileInReview: 'waits',
  fields: {
    id: firstStays(),
    number: provided(firstStays(), 'stands'),
    currency: provided(firstStays(), 'stands'),
    status: provided(furthest(['draft', 'open', 'uncollectible', ['paid', 'void']])),
    payments: ledger,
    refunds: ledger,
  },
  groups: { totals: { names: TOTALS, rule: snapshot() } },
  other: anything(provided(latest(), 'stands')),
  checks: [
    { says: 'It is paid once.', find: paidTwice },
    { says: 'All is in one currency.', find: mixedCurrencies },
    { says: 'Amounts are whole numbers of the smallest unit.', find: brokenAmounts },
    { says: 'No more goes back than was paid.', find: overRefunded },
    { says: 'What is due does not change once the invoice is out.', find: changedTotals },
  ],
  leavesOut: CARD_FIELDS,
});

export const invoice = withClaims(rules, isFact);

function recordsOf(value: Json | undefined): readonly JsonObject[] {
  return (isList(value) ? value : []).filter((one) => isObject(one));
}

function succeeded({ payments }: JsonObject): readonly JsonObject[] {
  return recordsOf(payments).filter(({ state }) => state === 'succeeded');
}

function sum(records: readonly JsonObject[]): number {
  return records.reduce(
    (total, { amount }) => total + (typeof amount === 'number' ? amount : 0),
    0,
  );
}

/** Groups records by currency, since amounts of different currencies are never added. */
function byCurrency(
  records: readonly JsonObject[],
  usual: Json | undefined,
): ReadonlyMap<Json | undefined, readonly JsonObject[]> {
  const found = new Map<Json | undefined, JsonObject[]>();
  for (const one of records) {
    const currency = one['currency'] ?? usual;
    found.set(currency, [...(found.get(currency) ?? []), one]);
  }
  return found;
}

function paidTwice(value: JsonObject): readonly Finding[] {
  const paid = succeeded(value);
  const { amountDue: due, currency } = value;
  const refunds = byCurrency(recordsOf(value['refunds']), currency);
  const isMore = [...byCurrency(paid, currency)].some(
    ([one, records]) => typeof due !== 'number' || sum(records) - sum(refunds.get(one) ?? []) > due,
  );
  if (paid.length < 2 || !isMore) return [];
  return [{ path: '/payments', reason: 'paid more than once', alternatives: shown(paid) }];
}

function mixedCurrencies(value: JsonObject): readonly Finding[] {
  const all = [...recordsOf(value['payments']), ...recordsOf(value['refunds'])];
  const { currency = all.find((one) => one['currency'] !== undefined)?.['currency'] } = value;
  const others = all.filter(
    (one) =>
      one['currency'] !== undefined && currency !== undefined && one['currency'] !== currency,
  );
  if (others.length === 0) return [];
  return [{ path: '/payments', reason: 'another currency', alternatives: shown(others) }];
}

function brokenAmounts(value: JsonObject): readonly Finding[] {
  const all = [...recordsOf(value['payments']), ...recordsOf(value['refunds'])];
  const broken = all.filter(
    ({ amount }) => amount !== undefined && !(Number.isSafeInteger(amount) && Number(amount) >= 0),
  );
  const { amountDue } = value;
  const isBroken =
    amountDue !== undefined && amountDue !== null && !Number.isSafeInteger(amountDue);
  return [
    ...(broken.length > 0
      ? [{ path: '/payments', reason: 'not an amount', alternatives: shown(broken) }]
      : []),
    ...(isBroken ? [{ path: '/amountDue', reason: 'not an amount' }] : []),
  ];
}

function overRefunded(value: JsonObject): readonly Finding[] {
  const refunds = recordsOf(value['refunds']).filter(({ state }) => state !== 'failed');
  const paid = succeeded(value);
  const given = byCurrency(paid, value['currency']);
  const isMore = [...byCurrency(refunds, value['currency'])].some(
    ([currency, records]) => sum(records) > sum(given.get(currency) ?? []),
  );
  if (paid.length === 0 || !isMore) return [];
  return [
    { path: '/refunds', reason: 'more goes back than was paid', alternatives: shown(refunds) },
  ];
}

/** Finds amounts due that differ: those of the provider, and that of an invoice that was issued. */
function changedTotals(
  _: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
): readonly Finding[] {
  const said = changes.flatMap(({ path, value, from }) =>
    from.isVerified &&
    path[0] === `${GROUP_MARK}totals` &&
    isObject(value) &&
    value['amountDue'] !== undefined
      ? [alternative(value['amountDue'], from)]
      : [],
  );
  const { status, amountDue } = base ?? {};
  const isOut = amountDue !== undefined && status !== undefined && status !== 'draft';
  const alternatives = isOut ? [alternative(amountDue, null), ...said] : said;
  const [first] = alternatives;
  return first === undefined || alternatives.every(({ value }) => isSame(value, first.value))
    ? []
    : [{ path: '/amountDue', reason: 'different amounts are due', alternatives }];
}

function shown(records: readonly JsonObject[]): readonly Alternative[] {
  return records.map((one) => alternative(one, null));
}
