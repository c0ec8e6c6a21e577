/**
 * Payment methods of a customer. The provider's vault has the last word on what a card is; what the user
 * removed is never charged again. Numbers and codes of cards never get in (CF-7).
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/json.ts';
import { declareEntity, type Finding } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { fields } from '../rules/fields.ts';
import { list } from '../rules/list.ts';
import { alternative } from '../rules/ruling.ts';
import { firstStays, largestBy, latest, serverDecides } from '../rules/single.ts';
import { isList, isObject } from '../values/canonical.ts';
import { CARD_FIELDS } from './cardFields.ts';

const method = fields({
  fields: {
    id: firstStays(),
    brand: serverDecides(),
    last4: serverDecides(),
    fingerprint: serverDecides(),
    nickname: latest(),
  },
  groups: {
    expiry: {
      names: ['expMonth', 'expYear'],
      rule: largestBy(monthOf, 'The later month stands: a card is renewed, not shortened.'),
    },
  },
  other: anything(latest()),
});

export const paymentMethod = declareEntity({
  type: 'payment_method',
  title: 'Payment methods',
  authority: "the provider's vault; the user for what is removed",
  whileInReview: 'waits',
  fields: {
    id: firstStays(),
    methods: list({ id: 'id', item: method, removing: 'declared' }),
    defaultId: latest(),
  },
  other: anything(latest()),
  checks: [{ says: 'The default is one that is there.', find: defaultGone }],
  leavesOut: [...CARD_FIELDS, 'number'],
});

function monthOf(value: Json): readonly number[] | null {
  if (!isObject(value)) return null;
  const { expYear: year, expMonth: month = 0 } = value;
  return typeof year === 'number' && typeof month === 'number' ? [year, month] : null;
}

function defaultGone({ methods, defaultId }: JsonObject): readonly Finding[] {
  if (defaultId === undefined || defaultId === null || !isList(methods)) return [];
  const isThere = methods.some((one) => isObject(one) && one['id'] === defaultId);
  if (isThere) return [];
  const alternatives = [alternative(defaultId, null)];
  return [
    {
      path: '/defaultId',
      reason: 'the default was removed',
      alternatives,
      put: { defaultId: null },
    },
  ];
}
