/**
 * Amounts of two currencies are never added up.
 */

import { describe, expect, test } from 'vitest';
import { A, B, merged, reasonsOf } from '../../../support/merge/two.ts';

const paid = (id: string, amount: number, currency?: string) => ({
  id,
  idempotencyKey: `key-${id}`,
  amount,
  ...(currency === undefined ? {} : { currency }),
  state: 'succeeded',
});
const invoice = (payments: readonly unknown[], refunds: readonly unknown[] = []) => ({
  id: 'in_1',
  status: 'open',
  amountDue: 2000,
  currency: 'usd',
  payments,
  refunds,
});

describe('CF-7 an invoice in two currencies', () => {
  test('CF-7: what was paid in another currency pays nothing twice, and is told', () => {
    const result = merged(
      'invoice',
      invoice([]),
      [invoice([paid('p1', 1500, 'usd')]), A],
      [invoice([paid('p2', 1500, 'eur')]), B],
    );
    expect(reasonsOf(result)).toEqual(['/payments: another currency']);
    const twice = merged(
      'invoice',
      invoice([]),
      [invoice([paid('p1', 2000)]), A],
      [invoice([paid('p2', 2000, 'usd')]), B],
    );
    expect(reasonsOf(twice)).toEqual(['/payments: paid more than once']);
  });

  test('CF-7: no more goes back than was paid, of each currency', () => {
    const base = invoice([paid('p1', 2000, 'usd')]);
    const back = (refund: object) => ({
      ...base,
      refunds: [{ id: 'r1', state: 'succeeded', ...refund }],
    });
    const eur = merged('invoice', base, [back({ amount: 1000, currency: 'eur' }), A]);
    expect(reasonsOf(eur)).toEqual([
      '/payments: another currency',
      '/refunds: more goes back than was paid',
    ]);
    expect(merged('invoice', base, [back({ amount: 2000 }), A]).review).toEqual([]);
    expect(reasonsOf(merged('invoice', base, [back({ amount: 2001 }), A]))).toEqual([
      '/refunds: more goes back than was paid',
    ]);
  });

  test('CF-7: two currencies are told also where the invoice names none', () => {
    const bare = (one: ReturnType<typeof invoice>) => ({ ...one, currency: undefined });
    const result = merged(
      'invoice',
      bare(invoice([])),
      [bare(invoice([paid('p1', 900, 'usd')])), A],
      [bare(invoice([paid('p2', 900, 'eur')])), B],
    );
    expect(reasonsOf(result)).toEqual(['/payments: another currency']);
  });
});
