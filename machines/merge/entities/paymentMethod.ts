/**
 * Payment methods of a customer. The provider's vault has the last word on a card; what the user removed is never
 * charged again. Card numbers and codes never get in (CF-7).
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { declareEntity, type Finding } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import type { Change } from '../rules/change.ts';
import { fields } from '../rules/fields.ts';
import { list } from '../rules/list.ts';
import { alternative } from '../rules/ruling.ts';
import { firstStays, largestBy, latest, serverDecides } from '../rules/single.ts';
import { isList, isObject, isSame } from '../values/canonical.ts';
import { pendingItem, pendingMark, provided, withClaims } from './providerWord.ts';
import { CARD_FIELDS } from './rulesOf.ts';

const method = pendingItem((whileSilent) =>
  fields({
    fields: {
      id: firstStays(),
      brand: provided(serverDecides(), whileSilent),
      last4: provided(serverDecides(), whileSilent),
      fingerprint: provided(serverDecides(), whileSilent),
      nickname: latest(),
      pending: pendingMark(),
    },
    groups: {
      expiry: {
        names: ['expMonth', 'expYear'],
        rule: provided(
          largestBy(monthOf, 'The later month stands: a card is renewed, not shortened.'),
          'stands',
        ),
      },
    },
    other: anything(provided(latest(), 'stands')),
  }),
);

const OF_VAULT: ReadonlySet<string> = new Set(['brand', 'last4', 'fingerprint']);

/** Whether only the provider decides a field: the default method, and the properties of a card. */
function isFact([name = '', , field = '']: readonly string[]): boolean {
  return name === 'methods' ? OF_VAULT.has(field) : name === 'defaultId';
}

const rules = declareEntity({
  type: 'payment_method',
  title: 'Payment methods',
  authority: "the provider's vault; the user for what is removed",
  whileInReview: 'waits',
  fields: {
    id: firstStays(),
    methods: list({ id: 'id', item: method, removing: 'declared' }),
    defaultId: provided(latest()),
  },
  other: anything(provided(latest(), 'stands')),
  checks: [{ says: 'The default is one that is there.', find: defaultGone }],
  leavesOut: [...CARD_FIELDS, 'number'],
});

export const paymentMethod = withClaims(rules, isFact);

function monthOf(value: Json): readonly number[] | null {
  if (!isObject(value)) return null;
  const { expYear: year, expMonth: month = 0 } = value;
  return typeof year === 'number' && typeof month === 'number' ? [year, month] : null;
}

/** Finds a default that somebody has removed: a removed method is never charged again. */
function defaultGone(
  { methods, defaultId }: JsonObject,
  changes: readonly Change[],
): readonly Finding[] {
  if (defaultId === undefined || defaultId === null) return [];
  const isThere =
    isList(methods) && methods.some((one) => isObject(one) && one['id'] === defaultId);
  const isRemoved = changes.some(
    ({ path: [name, id = ''], kind }) =>
      name === 'methods' && kind === 'missing' && isSame(id, defaultId),
  );
  if (isThere || !isRemoved) return [];
  return [
    {
      path: '/defaultId',
      reason: 'the default was removed',
      alternatives: [alternative(defaultId, null)],
      put: { defaultId: null },
    },
  ];
}
