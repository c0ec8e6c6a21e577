import { describe, expect, test } from 'vitest';
import { entitlementAt } from '../../../../machines/merge/entities/entitlement.ts';
import {
  A,
  B,
  DAY,
  idsOf,
  isKept,
  merged,
  NOW,
  reasonsOf,
  removed,
  sworn,
  valueOf,
} from '../../../support/merge/two.ts';

describe('CF-7 subscriptions', () => {
  const sub = {
    id: 'sub_1',
    status: 'active',
    priceId: 'p1',
    tier: 'basic',
    intents: [],
    note: '',
  };
  const intent = (key: string, kind: string, state = 'pending') => ({ key, kind, state });

  test('what nobody verified changes no billing fact, and is kept in the audit', () => {
    const claim = { ...sub, status: 'trialing', tier: 'premium' };
    const result = merged('subscription', sub, [claim, A], [sub, sworn('server', 1_000)]);
    const by = A.actor;
    const claims = { '/status': { value: 'trialing', by }, '/tier': { value: 'premium', by } };
    expect(valueOf(result)).toEqual({ ...sub, claims });
    expect(result.review).toEqual([]);
    expect(valueOf(merged('subscription', null, [claim, A]))).not.toHaveProperty('status');
  });

  test('a later answer stands whole, also where it says what was before', () => {
    const changed = { ...sub, status: 'past_due', tier: 'premium', endedAt: 5 };
    const result = merged(
      'subscription',
      sub,
      [changed, sworn('cache', 9_000)],
      [sub, sworn('server', 1_000)],
    );
    expect(valueOf(result)).toEqual(sub);
  });

  test('two answers of one moment are asked of', () => {
    const result = merged(
      'subscription',
      sub,
      [{ ...sub, status: 'past_due' }, sworn('x', 1_000)],
      [{ ...sub, status: 'unpaid' }, sworn('y', 1_000)],
    );
    expect(reasonsOf(result)).toEqual([': two answers of one moment']);
  });

  test('a subscription that ended does not come back by itself', () => {
    const result = merged(
      'subscription',
      sub,
      [{ ...sub, status: 'canceled' }, sworn('x', 9_000)],
      [{ ...sub, tier: 'premium' }, sworn('y', 1_000)],
    );
    expect(valueOf(result)['status']).toBe('canceled');
    expect(reasonsOf(result)).toEqual([': it has ended']);
  });

  test('intents are all kept, go forward, and rivals are asked of', () => {
    const rivals = merged(
      'subscription',
      sub,
      [{ ...sub, intents: [intent('k1', 'cancel')] }, A],
      [{ ...sub, intents: [intent('k2', 'upgrade')] }, B],
    );
    expect(valueOf(rivals)['intents']).toHaveLength(2);
    expect(reasonsOf(rivals)).toEqual(['/intents: more than one is under way']);
    const base = { ...sub, intents: [intent('k1', 'cancel')] };
    const acked = merged(
      'subscription',
      base,
      [{ ...sub, intents: [intent('k1', 'cancel', 'acked')] }, A],
      [{ ...sub, intents: [intent('k1', 'cancel', 'sent')] }, B],
    );
    expect(valueOf(acked)['intents']).toEqual([intent('k1', 'cancel', 'acked')]);
    expect(acked.review).toEqual([]);
    expect(valueOf(merged('subscription', base, [sub, A], [base, B]))['intents']).toHaveLength(1);
  });

  test('notes are put together, and unknown states told', () => {
    const result = merged(
      'subscription',
      { ...sub, note: 'a\n\nz' },
      [{ ...sub, note: 'a1\n\nz' }, A],
      [{ ...sub, note: 'a\n\nz1' }, B],
    );
    expect(valueOf(result)['note']).toBe('a1\n\nz1');
    const strange = merged('subscription', sub, [{ ...sub, status: 'frozen' }, sworn('x', 1)]);
    expect(reasonsOf(strange)).toEqual(['/status: not a known status']);
  });
});

describe('CF-4 CF-7 payment methods', () => {
  const card = { id: 'pm_1', brand: 'visa', last4: '4242', expMonth: 1, expYear: 2027 };
  const other = { ...card, id: 'pm_2', last4: '4444' };
  const wallet = (...methods: readonly object[]) => ({ id: 'cus_1', methods, defaultId: 'pm_1' });

  test('a removed card is gone, whatever others did to it', () => {
    const result = merged(
      'payment_method',
      wallet(card, other),
      [wallet(card), { ...A, ...removed('/methods/pm_2') }],
      [wallet(card, { ...other, nickname: 'joint' }), B],
    );
    expect(idsOf(valueOf(result)['methods'])).toEqual(['pm_1']);
    expect(isKept(result, 'joint')).toBe(true);
  });

  test('a default that was removed is none, and a person is asked', () => {
    const result = merged(
      'payment_method',
      wallet(card, other),
      [wallet(other), { ...A, ...removed('/methods/pm_1') }],
      [wallet(card, other), B],
    );
    expect(valueOf(result)['defaultId']).toBeNull();
    expect(reasonsOf(result)).toEqual(['/defaultId: the default was removed']);
  });

  test('the later expiry stands, month and year together', () => {
    const result = merged(
      'payment_method',
      wallet(card),
      [wallet({ ...card, expMonth: 12, expYear: 2028 }), A],
      [wallet({ ...card, expMonth: 2, expYear: 2030 }), B],
    );
    expect(valueOf(result)['methods']).toEqual([{ ...card, expMonth: 2, expYear: 2030 }]);
    expect(result.review).toEqual([]);
  });

  test('numbers and codes of cards are nowhere', () => {
    const leak = {
      ...card,
      number: '4111111111111111',
      pan: '4111111111111111',
      CVC: '737',
      cvv: 738,
      nickname: 'my 4111 1111 1111 1111',
    };
    const result = merged(
      'payment_method',
      wallet(card),
      [wallet(leak), A],
      [wallet({ ...card, nickname: '5500005555555559' }), B],
    );
    const all = JSON.stringify(result);
    for (const secret of ['4111111111111111', '4111 1111', '737', '738', '5500005555555559']) {
      expect(all).not.toContain(secret);
    }
  });
});

describe('CF-4 CF-7 invoices', () => {
  const invoice = { id: 'in_1', status: 'open', amountDue: 1999, currency: 'usd', number: 'F-1' };
  const payment = (id: string, key: string, more: object = {}) => ({
    id,
    idempotencyKey: key,
    amount: 1999,
    currency: 'usd',
    state: 'succeeded',
    ...more,
  });
  const paid = (...payments: readonly object[]) => ({ ...invoice, status: 'paid', payments });

  test('paid and void exclude each other', () => {
    const result = merged(
      'invoice',
      invoice,
      [paid(payment('py_1', 'k1')), sworn('p1', 9)],
      [{ ...invoice, status: 'void' }, sworn('p2', 1)],
    );
    expect(reasonsOf(result)).toEqual(['/status: states exclude each other']);
    expect(isKept(result, 'void')).toBe(true);
  });

  test('one key is one payment; the same payment of another amount is asked of', () => {
    const twins = merged(
      'invoice',
      invoice,
      [paid(payment('py_1', 'k1')), A],
      [paid(payment('py_2', 'k1')), B],
    );
    expect(idsOf(valueOf(twins)['payments'])).toEqual(['py_1']);
    expect(twins.review).toEqual([]);
    const further = merged(
      'invoice',
      invoice,
      [paid(payment('py_1', 'k1', { state: 'pending' })), A],
      [paid(payment('py_2', 'k1')), B],
    );
    expect(valueOf(further)['payments']).toMatchObject([{ id: 'py_1', state: 'succeeded' }]);
    expect(isKept(further, 'py_2')).toBe(true);
    const differing = merged(
      'invoice',
      invoice,
      [paid(payment('py_1', 'k1')), A],
      [paid(payment('py_1', 'k1', { amount: 999 })), B],
    );
    expect(reasonsOf(differing)).toContain('/payments/py_1/amount: must not change');
    expect(isKept(differing, 999) && isKept(differing, 1999)).toBe(true);
  });

  test('a payment in two parts is no double payment', () => {
    const half = { amount: 1000 };
    const result = merged(
      'invoice',
      { ...invoice, amountDue: 2000 },
      [{ ...paid(payment('py_1', 'k1', half)), amountDue: 2000 }, A],
      [{ ...paid(payment('py_2', 'k2', half)), amountDue: 2000 }, B],
    );
    expect(result.review).toEqual([]);
  });

  test.each([
    ['another currency', paid(payment('py_1', 'k1', { currency: 'eur' }))],
    ['not an amount', paid(payment('py_1', 'k1', { amount: 19.99 }))],
    ['must not change', { ...invoice, currency: 'eur' }],
    ['must not change', { ...invoice, number: 'F-2' }],
    [
      'more goes back than was paid',
      { ...paid(payment('py_1', 'k1')), refunds: [payment('re_1', 'r1', { amount: 5000 })] },
    ],
  ])('%s is asked of', (reason, side) => {
    const result = merged('invoice', invoice, [side, A], [invoice, B]);
    expect(reasonsOf(result).join()).toContain(reason);
  });

  test('totals are the provider’s, and different ones are asked of', () => {
    const result = merged(
      'invoice',
      invoice,
      [{ ...invoice, amountDue: 5 }, sworn('x', 9_000)],
      [{ ...invoice, amountDue: 7 }, sworn('y', 1_000)],
    );
    expect(valueOf(result)['amountDue']).toBe(7);
    expect(reasonsOf(result)).toEqual(['/amountDue: different amounts are due']);
  });

  test('a key that was edited drops no record', () => {
    const base = { ...invoice, payments: [payment('py_1', 'k1'), payment('py_2', 'k2')] };
    const edited = { ...invoice, payments: [payment('py_1', 'k2'), payment('py_2', 'k2')] };
    const result = merged('invoice', base, [edited, A], [base, B]);
    expect(idsOf(valueOf(result)['payments'])).toEqual(['py_1', 'py_2']);
  });
});

describe('CF-4 the word of the provider', () => {
  const open = { id: 'in_1', status: 'open', amountDue: 1999, currency: 'usd', payments: [] };
  const payment = {
    id: 'py_1',
    idempotencyKey: 'k1',
    amount: 1999,
    currency: 'usd',
    state: 'succeeded',
  };
  const paid = { ...open, status: 'paid', payments: [payment] };
  const server = sworn('server', 1_000);
  const by = A.actor;

  test('CF-4: a device that says paid is not believed against the provider, and nobody is asked', () => {
    const result = merged('invoice', open, [paid, A], [open, server]);
    expect(valueOf(result)).toEqual({
      ...open,
      payments: [{ ...payment, pending: true }],
      claims: { '/status': { value: 'paid', by } },
    });
    expect(result.review).toEqual([]);
    expect(valueOf(merged('invoice', open, [paid, A]))).toEqual(valueOf(result));
  });

  test.each([
    ['void', { status: 'void' }, '/status'],
    ['an amount', { amountDue: 1 }, '/amountDue'],
  ])('CF-4: %s that a device claims stands beside what the provider said', (_, claim, place) => {
    const result = merged('invoice', open, [{ ...open, ...claim }, A]);
    const [value] = Object.values(claim);
    expect(valueOf(result)).toEqual({ ...open, claims: { [place]: { value, by } } });
    expect(result.review).toEqual([]);
  });

  test('CF-4: a refund that a device claims is pending', () => {
    const refund = { ...payment, id: 're_1', amount: 500, idempotencyKey: 'r1' };
    const base = { ...paid, refunds: [] };
    const result = merged('invoice', base, [{ ...base, refunds: [refund] }, A], [base, server]);
    expect(valueOf(result)['refunds']).toEqual([{ ...refund, pending: true }]);
    expect(result.review).toEqual([]);
  });

  test('CF-4: a card that the vault does not have is pending, and no default', () => {
    const wallet = { id: 'cus_1', methods: [{ id: 'pm_1', last4: '4242' }], defaultId: 'pm_1' };
    const claim = { ...wallet, methods: [...wallet.methods, { id: 'm9' }], defaultId: 'm9' };
    const result = merged('payment_method', wallet, [claim, A], [wallet, server]);
    expect(valueOf(result)).toEqual({
      ...wallet,
      methods: [...wallet.methods, { id: 'm9', pending: true }],
      claims: { '/defaultId': { value: 'm9', by } },
    });
  });

  test('CF-4: what a device says of an entitlement stands beside it', () => {
    const base = { id: 'e', plan: 'basic', sources: { stripe: { active: false, asOf: NOW } } };
    const own = { ...base, active: true, plan: 'premium' };
    const { value, review } = merged('entitlement', base, [own, A], [base, server]);
    expect(value).toMatchObject({
      plan: 'basic',
      active: false,
      claims: { '/active': { value: true, by }, '/plan': { value: 'premium', by } },
    });
    expect(review).toEqual([]);
  });

  test('CF-4: without a common ancestor the provider stands as well, and a person is asked', () => {
    const [one, other] = [1999, 2000].map((amountDue) => ({ ...open, amountDue }));
    const result = merged('invoice', null, [other, A], [one, server]);
    expect(valueOf(result)['amountDue']).toBe(1999);
    expect(reasonsOf(result)).toEqual(['/amountDue: the provider says otherwise than a device']);
    expect(isKept(result, 2000)).toBe(true);
  });

  const claimed = valueOf(merged('invoice', open, [paid, A], [open, server]));

  test('CF-4: a claim ends with the word of the provider', () => {
    const confirmed = merged('invoice', claimed, [paid, server]);
    expect(valueOf(confirmed)).toEqual({ ...paid, claims: {} });
    expect(confirmed.review).toEqual([]);
    const kept = merged('invoice', claimed, [claimed, server]);
    expect(valueOf(kept)).toEqual(claimed);
  });

  test('CF-4: a claim that the provider answers otherwise is asked about', () => {
    const voided = merged('invoice', claimed, [{ ...open, status: 'void' }, server]);
    expect(valueOf(voided)).toMatchObject({ status: 'void', claims: {} });
    expect(reasonsOf(voided)).toEqual(['/status: the provider says otherwise than a device']);
    const still = merged('invoice', claimed, [open, server]);
    expect(reasonsOf(still)).toEqual(['/status: the provider says otherwise than a device']);
    expect(isKept(still, 'paid')).toBe(true);
  });

  test('CF-4: a payment that is pending goes on as its device says, until the provider lists it', () => {
    const before = { ...open, payments: [{ ...payment, state: 'pending', pending: true }] };
    const after = { ...open, payments: [{ ...payment, state: 'processing' }] };
    const own = merged('invoice', before, [after, A]);
    expect(valueOf(own)['payments']).toEqual([{ ...payment, state: 'processing', pending: true }]);
    const listed = { ...open, payments: [{ ...payment, state: 'failed' }] };
    const result = merged('invoice', before, [after, A], [listed, server]);
    expect(valueOf(result)['payments']).toEqual(listed.payments);
  });
});

describe('CF-4 entitlements', () => {
  const source = (more: object = {}) => ({
    active: true,
    expiresAt: NOW + DAY,
    asOf: NOW - 9_000,
    transactionId: 'tx1',
    ...more,
  });
  const entitled = (sources: object, revokedTransactionIds: readonly string[] = []) => ({
    id: 'e',
    sources,
    revokedTransactionIds,
  });
  const base = entitled({ stripe: source() });
  const server = sworn('server', 0);

  test('what nobody verified changes nothing', () => {
    const claim = entitled({ stripe: source({ expiresAt: NOW + 99 * DAY, asOf: NOW }) }, ['tx1']);
    const result = merged('entitlement', base, [claim, A], [base, server]);
    expect(valueOf(result)).toMatchObject({ ...base, active: true, expiresAt: NOW + DAY });
  });

  test('an empty answer downgrades nobody', () => {
    const result = merged('entitlement', base, [entitled({}), server], [base, B]);
    expect(valueOf(result)['active']).toBe(true);
  });

  test('an older answer does not stand against a later one', () => {
    const old = entitled({ stripe: source({ active: false, asOf: NOW - 99_000 }) });
    expect(valueOf(merged('entitlement', base, [old, server]))['active']).toBe(true);
  });

  test('what was revoked is off, and stays revoked', () => {
    const result = merged(
      'entitlement',
      base,
      [entitled({ stripe: source() }, ['tx1']), server],
      [base, B],
    );
    expect(valueOf(result)).toMatchObject({ active: false, revokedTransactionIds: ['tx1'] });
    const gone = entitled({ stripe: source() }, ['tx1']);
    const later = merged('entitlement', gone, [base, server]);
    expect(valueOf(later)['revokedTransactionIds']).toEqual(['tx1']);
  });

  test('the last end counts; a source without an end has none', () => {
    const two = entitled({ stripe: source(), play: source({ expiresAt: NOW + 9 * DAY }) });
    expect(valueOf(merged('entitlement', base, [two, server]))['expiresAt']).toBe(NOW + 9 * DAY);
    const life = entitled({ stripe: source(), play: source({ expiresAt: null }) });
    expect(valueOf(merged('entitlement', base, [life, server]))['expiresAt']).toBeNull();
  });

  test('CF-2 the present is nothing to a merge; whoever reads asks for it', () => {
    expect(entitlementAt(base, NOW)).toEqual({ active: true, expiresAt: NOW + DAY });
    expect(entitlementAt(base, NOW + 2 * DAY).active).toBe(true);
    expect(entitlementAt(base, NOW + 4 * DAY)).toEqual({ active: false, expiresAt: null });
    expect(entitlementAt(null, NOW).active).toBe(false);
  });
});
