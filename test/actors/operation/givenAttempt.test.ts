import { describe, expect, test } from 'vitest';
import { GivenAttempt } from '../../../actors/operation/givenAttempt.ts';
import type { TakenRecord } from '../../../actors/operation/handler.ts';
import { encodeMeta } from '../../../machines/merge/clock/carriedMeta.ts';
import { newOperation } from '../../../machines/operation/syncOperationMachine.ts';
import type { MergedBody, RequestBody } from '../../../machines/policy/request/requestBody.ts';

const META = { vv: { 'phone-1': 2 }, actor: 'phone-1', hlc: { ms: 1, c: 0 } };
const MERGED: MergedBody = { payload: 'merged', version: '"v8"', round: 1, meta: META };

function attemptOf(body: RequestBody): GivenAttempt {
  const context = newOperation({
    id: '0190a0a0-1111-7222-8333-444455556666',
    type: 'plans.put',
    subject: 'user-42',
    entity: { type: 'plan', id: 'p1' },
    tier: 'basic',
    priority: 'normal',
    idempotencyKey: 'key-1',
    fingerprint: null,
    method: null,
    path: null,
    acceptedAtMs: 0,
    expiresAtMs: null,
    attemptsMax: 5,
    isEdit: true,
  });
  return new GivenAttempt(context, JSON.stringify(body), 1, () => undefined);
}

describe('an edit as its handler sees it', () => {
  test('CF-1 CF-6 what was merged goes out, on the condition that it was made on', () => {
    const attempt = attemptOf({ payload: 'given', base: '"v7"', merged: MERGED });
    expect(attempt).toMatchObject({
      payload: 'merged',
      base: '"v7"',
      condition: { version: '"v8"' },
      meta: encodeMeta(META),
    });
  });

  test('CF-1 CF-6 of a record that the upstream has not, that it has none', () => {
    const merged: MergedBody = { ...MERGED, version: null, absent: true };
    expect(attemptOf({ payload: 'given', merged }).condition).toEqual({ absent: true });
    const unknown: MergedBody = { ...MERGED, version: null };
    expect(attemptOf({ payload: 'given', merged: unknown }).condition).toBeUndefined();
  });

  test('CF-1 what was merged to null is null, and not what the app gave', () => {
    const merged: MergedBody = { ...MERGED, payload: null };
    expect(attemptOf({ payload: 'given', merged }).payload).toBeNull();
  });

  test('OP-3 what is no edit is as the request gave it', () => {
    const attempt = attemptOf({ payload: 'given', base: 7 });
    expect(attempt).toMatchObject({ payload: 'given', base: 7 });
    expect([attempt.condition, attempt.meta, attempt.current]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('what a handler says that the upstream holds', () => {
  function kept(current: unknown): TakenRecord | undefined {
    const attempt = attemptOf({ payload: 'given', merged: MERGED });
    // Taken out of the attempt, as handlers do.
    const { keepCurrent } = attempt;
    keepCurrent(current as TakenRecord);
    return attempt.current;
  }

  test('CF-6 is kept as it is, a copy of it', () => {
    const value = { title: 'a' };
    const current = kept({ version: '"v9"', value, meta: META });
    value.title = 'changed';
    expect(current).toEqual({ version: '"v9"', value: { title: 'a' }, meta: META });
    expect(kept({ version: 'W/"9"' })).toEqual({ version: 'W/"9"' });
    expect(kept({ version: '"v9"', value: null, meta: 7 })).toEqual({
      version: '"v9"',
      value: null,
    });
    expect(kept({ version: null, value: 1 })).toEqual({ version: null });
  });

  const round: Record<string, unknown> = {};
  round['self'] = round;
  const locked = {
    get version(): string {
      throw new Error('locked');
    },
  };
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', '"v9"'],
    ['no version', {}],
    ['an empty version', { version: '' }],
    ['a version of any length', { version: 'x'.repeat(1_025) }],
    ['a number', { version: 9 }],
    ['a value that holds itself', { version: '"v9"', value: round }],
    ['a value that is none', { version: '"v9"', value: () => undefined }],
    ['a value of many digits', { version: '"v9"', value: 1n }],
    ['what nobody can read', locked],
  ])('CF-6 SV-2 %s fails nothing: the next edit reads the record', (_, current) => {
    expect(kept(current)).toEqual({ version: null });
  });
});
