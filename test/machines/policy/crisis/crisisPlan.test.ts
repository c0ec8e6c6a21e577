import { describe, expect, test } from 'vitest';
import {
  checkCrisisPlan,
  checkedPlanSubject,
  decodeCrisisPlan,
  encodeCrisisPlan,
} from '../../../../machines/policy/crisis/crisisResources.ts';

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

  const WELL_FORMED = 'must be a well-formed text of 1 to';
  const LINK = `${WELL_FORMED} 2048 characters that begins with https:, http:, tel:, sms: or mailto:`;
  const NUMBER = `${WELL_FORMED} 64 characters without line breaks, control characters, < and >`;
  test.each<[change: object, field: string, rule: string]>([
    [{ name: ['Sam'] }, 'name', `${WELL_FORMED} 200 characters`],
    [{ phone: 'x'.repeat(65) }, 'phone', NUMBER],
    [{ text: 'x\n' }, 'text', NUMBER],
    [{ note: 5 }, 'note', `${WELL_FORMED} 4000 characters`],
    [{ url: 'see https://example.org' }, 'url', LINK],
    [{ url: `https:${'x'.repeat(2_043)}` }, 'url', LINK],
    [{ regions: ['Germany'] }, 'regions[0]', 'must be an ISO 3166 country code such as DE, or *'],
    [{ regions: Array.from({ length: 251 }, () => 'DE') }, 'regions', 'must have 1 to 250 entries'],
  ])('CR-3 UX-2 of %j the error says which rule it breaks', (change, field, rule) => {
    expect(() => checkCrisisPlan(plan(change))).toThrow(
      expect.objectContaining({
        field: `plan.resources[0].${field}`,
        message: expect.stringContaining(rule) as string,
      }) as Error,
    );
  });

  test('CR-3 links that run nothing, and as much of everything as there may be', () => {
    for (const scheme of ['https:', 'http:', 'HTTPS:', 'tel:', 'sms:', 'mailto:']) {
      expect(checkCrisisPlan(plan({ url: `${scheme}x` })).resources).toHaveLength(1);
    }
    const regions = ['*', ...Array.from({ length: 249 }, () => 'DE')];
    const change = { regions, phone: 'x'.repeat(64), url: `https:${'x'.repeat(2_042)}` };
    const resources = [step(change), ...Array.from({ length: 49 }, () => step())];
    expect(checkCrisisPlan({ resources }).resources).toHaveLength(50);
  });

  test('CR-3 of too many steps, and of a plan that is too large, the error says what may be', () => {
    expect(() => checkCrisisPlan({ resources: [] })).toThrow(
      'plan.resources must have 1 to 50 entries; crisisPlans.delete() takes a plan away',
    );
    const notes = (last: number) => ({
      resources: Array.from({ length: 17 }, (_, at) =>
        step({ note: 'x'.repeat(at < 16 ? 4_000 : last) }),
      ),
    });
    const frame = encodeCrisisPlan(checkCrisisPlan(notes(1))).length - 1;
    expect(checkCrisisPlan(notes(65_536 - frame)).resources).toHaveLength(17);
    expect(() => checkCrisisPlan(notes(65_537 - frame))).toThrow(
      'plan takes 65537 bytes as JSON, and may take 65536. Nothing was stored.',
    );
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
      expect(() => checkCrisisPlan(given)).toThrow(
        /^plan\.resources\[0\]\.\w+ holds what looks like .+, which holdfast keeps nowhere\. Nothing was stored\.$/,
      );
    }
  });

  test('PS-3 a plan that a newer version wrote is not guessed at', () => {
    const newer = JSON.stringify({ format: 2, resources: [] });
    expect(() => decodeCrisisPlan(newer)).toThrow(
      expect.objectContaining({
        code: 'HF_RECORD_NEWER',
        retry: 'later',
        message:
          'The crisis plan is of format 2; this version of holdfast knows 1. It is left as it is.',
      }) as Error,
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
    expect(() => checkedPlanSubject(subject)).toThrow(
      'subject must be a well-formed text of 1 to 256 characters without NUL',
    );
  }
});
