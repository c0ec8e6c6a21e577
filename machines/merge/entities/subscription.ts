/**
 * Subscription. Its provider has the last word, through the server: billing facts are never mixed (CF-7). Requests of
 * the user are kept as intents until the provider has answered.
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { declareEntity, type Finding } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { fields } from '../rules/fields.ts';
import { list } from '../rules/list.ts';
import { alternative, GROUP_MARK } from '../rules/ruling.ts';
import { firstStays, furthest, latest } from '../rules/single.ts';
import { snapshot } from '../rules/snapshot.ts';
import { text } from '../rules/text.ts';
import { isList, isObject } from '../values/canonical.ts';
import { provided, withClaims } from './providerWord.ts';
import { CARD_FIELDS } from './rulesOf.ts';

const BILLING = [
  'status',
  'priceId',
  'tier',
  'plan',
  'productId',
  'quantity',
  'amount',
  'currency',
  'currentPeriodStart',
  'currentPeriodEnd',
  'trialStart',
  'trialEnd',
  'gracePeriodEnd',
  'cancelAtPeriodEnd',
  'cancelAt',
  'canceledAt',
  'endedAt',
  'eventId',
] as const;

/** Final states of a subscription; a new one has another id. */
const ENDS = ['canceled', 'incomplete_expired'] as const;

const STATUSES: ReadonlySet<Json> = new Set([
  ...ENDS,
  'incomplete',
  'trialing',
  'active',
  'past_due',
  'unpaid',
  'paused',
]);

const intent = fields({
  fields: {
    key: firstStays(),
    kind: firstStays(),
    state: furthest(['pending', 'sent', 'rejected', 'acked']),
  },
  other: anything(latest()),
});

const rules = declareEntity({
  type: 'subscription',
  title: 'Subscription',
  authority: 'the payment provider, through the server',
  whileInReview: 'waits',
  fields: {
    id: firstStays(),
    provider: provided(firstStays(), 'stands'),
    intents: list({ id: 'key', item: intent, removing: 'never' }),
    note: text(),
  },
  groups: {
    billing: {
      names: BILLING,
      rule: snapshot({ ends: { field: 'status', states: ENDS } }),
      isWhole: true,
    },
  },
  other: anything(provided(latest(), 'stands')),
  checks: [
    { says: 'Its status is one that is known.', find: unknownStatus },
    { says: 'A period ends after it began.', find: reversedPeriod },
    { says: 'At most one change of plan or payment is under way.', find: rivalIntents },
  ],
  leavesOut: CARD_FIELDS,
});

export const subscription = withClaims(rules, ([name]) => name === `${GROUP_MARK}billing`);

function unknownStatus({ status }: JsonObject): readonly Finding[] {
  return status === undefined || STATUSES.has(status)
    ? []
    : [
        {
          path: '/status',
          reason: 'not a known status',
          alternatives: [alternative(status, null)],
        },
      ];
}

function reversedPeriod(value: JsonObject): readonly Finding[] {
  const { currentPeriodStart: start, currentPeriodEnd: end } = value;
  return typeof start === 'number' && typeof end === 'number' && end < start
    ? [{ path: '/currentPeriodEnd', reason: 'the period ends before it begins' }]
    : [];
}

function rivalIntents({ intents }: JsonObject): readonly Finding[] {
  const open = (isList(intents) ? intents : []).filter(
    (one) => isObject(one) && (one['state'] === 'pending' || one['state'] === 'sent'),
  );
  return open.length < 2
    ? []
    : [
        {
          path: '/intents',
          reason: 'more than one is under way',
          alternatives: open.map((one) => alternative(one, null)),
        },
      ];
}
