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
    expect(valueOf(result)).toEqual(sub);
    expect(isKept(result, 'premium')).toBe(true);
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
    ['different amounts are due', { ...invoice, amountDue: 1 }],
    ['not an amount', paid(payment('py_1', 'k1', { amount: 19.99 }))],
    ['must not change', { ...invoice, currency: 'eur' }],
    ['must not change', { ...invoice, number: 'F-2' }],
    ['nothing shows that it was paid', paid()],
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
