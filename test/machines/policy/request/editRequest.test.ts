import { describe, expect, test } from 'vitest';
import { checkRequest } from '../../../../machines/policy/request/request.ts';
import {
  type MergedBody,
  parseBody,
  withMerged,
} from '../../../../machines/policy/request/requestBody.ts';

const EDIT = {
  type: 'plans.put',
  subject: 'user-1',
  tier: 'basic',
  entity: { type: 'crisis_plan', id: 'p1' },
  payload: { contacts: [] },
} as const;

const isEdited = (type: string): boolean => type === 'plans.put';

function bodyOf(given: object): ReturnType<typeof parseBody> {
  return parseBody(checkRequest({ ...EDIT, ...given }, { isEdited }).body);
}

function refusal(field: string, message: string, code = 'HF_REQUEST_INVALID'): Error {
  return expect.objectContaining({
    code,
    field,
    message: expect.stringContaining(message) as string,
  }) as Error;
}

describe('what an edit is made on', () => {
  test.each<[unknown]>([['"v7"'], ['W/"7"'], [{ version: '"v7"', value: { contacts: [] } }]])(
    'CF-1 its base may be %j',
    (base) => {
      expect(bodyOf({ base })).toEqual({ base, payload: EDIT.payload });
    },
  );

  test('CF-1 its base may be of a version that has no validator, and nothing at all', () => {
    const base = { version: null, value: null };
    expect(bodyOf({ base }).base).toEqual(base);
    expect(bodyOf({})).not.toHaveProperty('base');
  });

  test.each<[unknown, string, string]>([
    [7, 'base', 'must be the validator'],
    [null, 'base', 'must be the validator'],
    ['', 'base', 'must be the validator'],
    ['x'.repeat(1_025), 'base', 'must be the validator'],
    [['"v7"'], 'base', 'must be the validator'],
    [{ version: '"v7"', value: 1, vale: 1 }, 'base', '{ version, value }'],
    [{ value: 1 }, 'base.version', 'or null'],
    [{ version: 7, value: 1 }, 'base.version', 'or null'],
    [{ version: '', value: 1 }, 'base.version', '1 to 1024 characters'],
    [{ version: '"v7"' }, 'base.value', 'is missing'],
  ])('UX-2 CF-1 a base of %j is refused', (base, field, message) => {
    expect(() => bodyOf({ base })).toThrow(refusal(field, message));
  });

  test('UX-2 CF-1 without an entity it is refused, and told why', () => {
    expect(() => bodyOf({ entity: undefined })).toThrow(refusal('entity', 'has conflicts'));
  });

  test('CF-1 CR-2 a crisis of such a type is no edit, and passes', () => {
    const crisis = { ...EDIT, entity: undefined, base: 7, priority: 'crisis' };
    expect(checkRequest(crisis, { isEdited })).toMatchObject({ entity: null, priority: 'crisis' });
  });

  test('CF-1 a request of another type may have any base, and no entity', () => {
    const other = { ...EDIT, type: 'payments.push', entity: undefined, base: 7 };
    expect(parseBody(checkRequest(other, { isEdited }).body).base).toBe(7);
  });
});

describe('what is removed', () => {
  const removal = { path: '/contacts/c2', confirmed: true, by: 'p-17', at: 1, reason: 'moved' };

  test('CF-7 OP-8 removals belong to the body, their fields in order', () => {
    const removals = [removal, { path: '/a~0b/~1' }];
    expect(bodyOf({ removals }).removals).toEqual(removals);
    const { body } = checkRequest({ ...EDIT, removals }, { isEdited });
    const turned = { reason: 'moved', at: 1, by: 'p-17', confirmed: true, path: '/contacts/c2' };
    const again = { ...EDIT, removals: [turned, { path: '/a~0b/~1' }] };
    expect(checkRequest(again, { isEdited }).body).toBe(body);
    expect(checkRequest({ ...EDIT, removals: [removal] }, { isEdited }).body).not.toBe(body);
  });

  test('CF-7 there may be as many as a person can have confirmed', () => {
    const many = Array.from({ length: 256 }, (_, at) => ({ path: `/contacts/${at}` }));
    const long = { path: `/${'x'.repeat(1_023)}`, by: 'x'.repeat(256), reason: 'x'.repeat(1_000) };
    expect(bodyOf({ removals: many }).removals).toHaveLength(256);
    expect(bodyOf({ removals: [long] }).removals).toEqual([long]);
    expect(() => bodyOf({ removals: [...many, removal] })).toThrow(
      refusal('removals', 'must be at most 256'),
    );
  });

  test.each<[unknown, string, string]>([
    [removal, 'removals', 'must be a list'],
    [['/contacts/c2'], 'removals[0]', 'must be an object'],
    [[removal, null], 'removals[1]', 'must be an object'],
    [[{ ...removal, pth: 1 }], 'removals[0]', 'must be an object'],
    [[{ confirmed: true }], 'removals[0].path', 'JSON Pointer'],
    [[{ path: '' }], 'removals[0].path', 'JSON Pointer'],
    [[{ path: 'contacts/c2' }], 'removals[0].path', 'JSON Pointer'],
    [[{ path: '/contacts/~2' }], 'removals[0].path', 'JSON Pointer'],
    [[{ path: `/${'x'.repeat(1_024)}` }], 'removals[0].path', '1024 characters'],
    [[{ path: '/a', confirmed: 'yes' }], 'removals[0].confirmed', 'true or false'],
    [[{ path: '/a', by: 7 }], 'removals[0].by', '256 characters'],
    [[{ path: '/a', by: 'x'.repeat(257) }], 'removals[0].by', '256 characters'],
    [[{ path: '/a', at: 1.5 }], 'removals[0].at', 'milliseconds'],
    [[{ path: '/a', at: -1 }], 'removals[0].at', 'milliseconds'],
    [[{ path: '/a', at: '1' }], 'removals[0].at', 'milliseconds'],
    [[{ path: '/a', reason: 'x'.repeat(1_001) }], 'removals[0].reason', '1000 characters'],
  ])('UX-2 CF-7 %j is refused', (removals, field, message) => {
    expect(() => bodyOf({ removals })).toThrow(refusal(field, message));
  });

  test.each(['by', 'reason'])('CF-7 a card number in %s is refused, and not repeated', (name) => {
    const removals = [{ ...removal, [name]: 'was 4111 1111 1111 1111' }];
    expect(() => bodyOf({ removals })).toThrow(
      refusal('removals', 'a card number', 'HF_CARD_NUMBER_REFUSED'),
    );
    expect(() => bodyOf({ removals })).not.toThrow(/4111/);
  });

  test('CF-7 an id that is no card number may be exempted', () => {
    const removals = [{ path: '/orders/4111111111111111' }];
    expect(() => bodyOf({ removals })).toThrow(
      refusal('removals', 'a card number', 'HF_CARD_NUMBER_REFUSED'),
    );
    const rules = {
      isEdited,
      exemptionsOf:
        () =>
        ([field]: readonly (string | number)[]) =>
          field === 'removals',
    };
    expect(parseBody(checkRequest({ ...EDIT, removals }, rules).body).removals).toEqual(removals);
  });

  test('OP-9 they count for the size of a payload', () => {
    const removals = [{ path: '/a', reason: 'x'.repeat(500) }];
    expect(() => checkRequest({ ...EDIT, removals }, { isEdited, payloadBytesMax: 400 })).toThrow(
      expect.objectContaining({ code: 'HF_PAYLOAD_TOO_LARGE' }) as Error,
    );
  });

  test('UX-2 CF-7 of a type without conflicts they are refused: nothing would look at them', () => {
    const other = { ...EDIT, type: 'payments.push', removals: [removal] };
    expect(() => checkRequest(other, { isEdited })).toThrow(refusal('removals', 'has conflicts'));
    // Where the handlers are not known, as offline, their form is all that can be checked.
    expect(parseBody(checkRequest(other).body).removals).toEqual([removal]);
  });
});

describe('what is sent in its place', () => {
  const merged: MergedBody = {
    payload: { contacts: ['c1'] },
    version: '"v8"',
    round: 1,
    meta: { vv: { 'phone-1': 2 }, actor: 'phone-1', hlc: { ms: 1, c: 0 } },
  };

  test('CF-1 OP-8 stands beside what the app gave, which it does not change', () => {
    const given = { base: '"v7"', removals: [{ path: '/contacts/c2' }] };
    const { body } = checkRequest({ ...EDIT, ...given }, { isEdited });
    const once = withMerged(body, merged);
    expect(parseBody(once)).toEqual({ payload: EDIT.payload, ...given, merged });
    const twice = withMerged(once, { ...merged, round: 2 });
    expect(parseBody(twice)).toEqual({ ...parseBody(once), merged: { ...merged, round: 2 } });
    expect(parseBody(withMerged(twice, null))).toEqual(parseBody(body));
  });
});
