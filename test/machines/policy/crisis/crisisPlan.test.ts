import { describe, expect, test } from 'vitest';
import {
  checkCrisisPlan,
  checkedPlanSubject,
  decodeCrisisPlan,
  encodeCrisisPlan,
} from '../../../../machines/policy/crisis/crisisPlan.ts';

const step = (change: object = {}): object => ({ name: 'Go for a walk', ...change });
const plan = (change: object = {}): object => ({ resources: [step(change)] });

describe('CR-3 UX-2 what may be a crisis plan', () => {
  test('CR-3 defaults are filled in, and what is kept opens to the same plan', () => {
    const checked = checkCrisisPlan({
      resources: [
        step(),
        { kind: 'contact', name: 'Sam', phone: '+49 30 1234567', regions: ['DE'] },
      ],
    });
    const kept = [
      { kind: 'plan', name: 'Go for a walk', regions: ['*'] },
      { kind: 'contact', name: 'Sam', phone: '+49 30 1234567', regions: ['DE'] },
    ];
    expect(checked.resources).toMatchObject(kept);
    expect(decodeCrisisPlan(encodeCrisisPlan(checked))).toEqual({ resources: kept });
  });

  test.each([
    ['nothing', undefined, 'plan'],
    ['a text', 'call Sam', 'plan'],
    ['no resources', {}, 'plan.resources'],
    ['an empty list', { resources: [] }, 'plan.resources'],
    ['too many', { resources: Array.from({ length: 51 }, () => step()) }, 'plan.resources'],
    ['a hole', { resources: [undefined] }, 'plan.resources[0]'],
    ['a field that is not known', plan({ tel: '1' }), 'plan.resources[0].tel'],
    ['no name', { resources: [{ phone: '1' }] }, 'plan.resources[0].name'],
    ['an empty name', plan({ name: '' }), 'plan.resources[0].name'],
    ['a long name', plan({ name: 'x'.repeat(201) }), 'plan.resources[0].name'],
    ['half a character', plan({ name: 'x\ud800' }), 'plan.resources[0].name'],
    ['a kind of its own', plan({ kind: 'friend' }), 'plan.resources[0].kind'],
    ['a number for a number', plan({ phone: 112 }), 'plan.resources[0].phone'],
    ['a link that runs', plan({ url: 'javascript:alert(1)' }), 'plan.resources[0].url'],
    ['a long note', plan({ note: 'x'.repeat(4_001) }), 'plan.resources[0].note'],
    ['a region by name', plan({ regions: ['Germany'] }), 'plan.resources[0].regions[0]'],
    ['no region at all', plan({ regions: [] }), 'plan.resources[0].regions'],
  ])('CR-3 UX-2 %s is refused, and the error says where', (_, given, field) => {
    expect(() => checkCrisisPlan(given)).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field }) as Error,
    );
  });

  test('CR-3 UX-2 its size is bounded', () => {
    const note = 'ü'.repeat(4_000);
    const resources = Array.from({ length: 9 }, () => step({ note }));
    expect(() => checkCrisisPlan({ resources })).toThrow(
      expect.objectContaining({ code: 'HF_PAYLOAD_TOO_LARGE', field: 'plan' }) as Error,
    );
    expect(checkCrisisPlan({ resources: resources.slice(0, 8) }).resources).toHaveLength(8);
  });

  test('CF-7 a card number is refused wherever it stands, and is not repeated', () => {
    for (const field of ['name', 'phone', 'text', 'note']) {
      const given = plan({ [field]: 'pay with 4111 1111 1111 1111' });
      expect(() => checkCrisisPlan(given)).toThrow(
        expect.objectContaining({
          code: 'HF_CARD_NUMBER_REFUSED',
          field: `plan.resources[0].${field}`,
          message: expect.not.stringContaining('4111') as string,
        }) as Error,
      );
    }
  });

  test('PS-3 a plan that a newer version wrote is not guessed at', () => {
    const newer = JSON.stringify({ format: 2, resources: [] });
    expect(() => decodeCrisisPlan(newer)).toThrow(
      expect.objectContaining({ code: 'HF_RECORD_NEWER' }) as Error,
    );
  });
});

test.each(['110\r\nBcc: x', '<img src=x>', '\u202e011', '1\u20282', '1\t2', '\u200b110'])(
  'CR-3 a number that is not what it shows is refused: %j',
  (number) => {
    for (const name of ['phone', 'text']) {
      expect(() => checkCrisisPlan({ resources: [{ name: 'Sam', [name]: number }] })).toThrow(
        expect.objectContaining({
          code: 'HF_OPTION_INVALID',
          field: `plan.resources[0].${name}`,
        }) as Error,
      );
    }
    const fine = {
      name: 'Sam',
      phone: '+49 (0)30 123-45 / 67, ask for Sam',
      text: 'HELLO to 741741',
    };
    expect(checkCrisisPlan({ resources: [fine] }).resources).toMatchObject([fine]);
  },
);

test('UX-2 a subject is a text that finds the same plan again', () => {
  for (const subject of ['user-42', '☃', 'x'.repeat(256)])
    expect(checkedPlanSubject(subject)).toBe(subject);
  for (const subject of ['', 'x'.repeat(257), 'x\ud800', 'x\0', 42, null, undefined]) {
    expect(() => {
      checkedPlanSubject(subject);
    }).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'subject' }) as Error);
  }
});
