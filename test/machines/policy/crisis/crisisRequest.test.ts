/**
 * A crisis call of unknown origin, read for what is sound in it (CR-2, CR-4).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import {
  type CrisisRules,
  completeCrisis,
  readCrisis,
} from '../../../../machines/policy/crisis/crisisRequest.ts';
import { checkRequest } from '../../../../machines/policy/request/request.ts';

const rules: CrisisRules = {
  type: 'crisis.alert',
  check: (request, bytesMax) => checkRequest(request, bytesMax),
};
const WHOLE = {
  type: 'crisis.call',
  subject: 'user-42',
  entity: { type: 'person', id: 'p-1' },
  tier: 'basic',
  payload: { text: 'help' },
  base: { text: 'before' },
  idempotencyKey: 'key-1',
  method: 'PUT',
  path: '/crises',
};

/** What becomes of a request: what is delivered, and what was left out. */
function read(request: unknown, payloadBytesMax = 10_000) {
  return completeCrisis(readCrisis(request, rules), rules, payloadBytesMax);
}

describe('a sound crisis', () => {
  test('CR-4 keeps every field that it may give', () => {
    const { request, leftOut } = read(WHOLE);
    expect(leftOut).toEqual([]);
    expect(request).toMatchObject({
      type: 'crisis.call',
      subject: 'user-42',
      entity: { type: 'person', id: 'p-1' },
      tier: 'basic',
      priority: 'crisis',
      idempotencyKey: 'key-1',
      expiresAtMs: null,
      method: 'PUT',
      path: '/crises',
    });
    expect(request.body).toContain('help');
    expect(request.body).toContain('before');
  });

  test('CR-2 names no type, tier or priority but its own: they are filled in', () => {
    for (const priority of ['low', undefined, 7]) {
      const { request, leftOut } = read({ subject: 'user-42', payload: null, priority });
      expect(request).toMatchObject({ type: 'crisis.alert', tier: 'premium', priority: 'crisis' });
      expect(leftOut).toEqual([]);
    }
  });

  test('CR-1 payload and base are not looked at before the answer', () => {
    const { fields } = readCrisis({ ...WHOLE, payload: 1n, base: 2n }, rules);
    expect(fields).toMatchObject({ payload: 1n, base: 2n, subject: 'user-42', priority: 'crisis' });
  });

  test('CR-2 a field that is given as undefined is as one that is not given', () => {
    const { request, leftOut } = read({ ...WHOLE, tier: undefined, stray: undefined });
    expect(request.tier).toBe('premium');
    expect(leftOut).toEqual([]);
  });
});

describe('what is not sound', () => {
  test.each([
    ['type', 7, 'crisis.alert'],
    ['tier', 'gold', 'premium'],
    ['entity', { type: 'person' }, null],
    ['idempotencyKey', '', null],
    ['method', 'TRACE THE', null],
    ['path', 'no slash', null],
  ])('CR-2 %s of %j is left out by name, and the rest is delivered', (name, value, instead) => {
    const { request, leftOut } = read({ ...WHOLE, [name]: value });
    expect(leftOut).toEqual([name]);
    expect(request).toMatchObject({ subject: 'user-42', priority: 'crisis', [name]: instead });
  });

  test('CR-2 several are left out, one after the other, in the order in which they are met', () => {
    const { leftOut } = read({ ...WHOLE, path: 5, type: 5, tier: 5, extra: 5 });
    expect(leftOut).toEqual(['a field that is not known', 'type', 'tier', 'path']);
  });

  test('CR-4 it never expires, and what is not known is named once, without its name', () => {
    const { request, leftOut } = read({ ...WHOLE, expiresAtMs: 5, secretName: 1, other: 2 });
    expect(leftOut).toEqual(['expiresAtMs', 'a field that is not known']);
    expect(request.expiresAtMs).toBeNull();
  });

  test('CR-2 a base that is none is left out once the whole is read', () => {
    const { request, leftOut } = read({ ...WHOLE, base: 1n });
    expect(leftOut).toEqual(['base']);
    expect(request.body).toContain('help');
    expect(request.body).not.toContain('before');
  });

  test('CR-2 nothing to deliver: no sound subject', () => {
    for (const request of [undefined, null, 'help', 5, {}, { subject: 7 }, { subject: '' }]) {
      expect(() => readCrisis(request, rules)).toThrow(
        expect.objectContaining({ code: 'HF_REQUEST_INVALID', field: 'subject' }),
      );
    }
  });

  test('CR-4 nothing to deliver: a payload that cannot be kept', () => {
    expect(() => read({ ...WHOLE, payload: 1n })).toThrow(
      expect.objectContaining({ code: 'HF_REQUEST_INVALID' }),
    );
    expect(() => read({ ...WHOLE, payload: 'x'.repeat(200) }, 100)).toThrow(
      expect.objectContaining({ code: 'HF_PAYLOAD_TOO_LARGE' }),
    );
  });

  test('CR-2 a fault that names the same field again, none, or is no error of ours, ends it', () => {
    const refusing = (error: unknown): CrisisRules => ({
      ...rules,
      check: () => {
        throw error;
      },
    });
    const again = () => read({ ...WHOLE, tier: 'gold' }, 1);
    expect(again).toThrow(expect.objectContaining({ code: 'HF_PAYLOAD_TOO_LARGE' }));
    const odd = new Error('odd');
    expect(() => readCrisis(WHOLE, refusing(odd))).toThrow(odd);
    let asked = 0;
    const stubborn: CrisisRules = {
      ...rules,
      check: (_, bytesMax) => {
        asked += 1;
        return checkRequest({ ...WHOLE, tier: 'gold' }, bytesMax);
      },
    };
    expect(() => readCrisis(WHOLE, stubborn)).toThrow(expect.objectContaining({ field: 'tier' }));
    expect(asked).toBe(2);
  });
});
