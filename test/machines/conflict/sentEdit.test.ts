import { describe, expect, test } from 'vitest';
import { standingOfSent } from '../../../machines/conflict/sentEdit.ts';
import type { MergedBody } from '../../../machines/policy/request/requestBody.ts';
import type { Current } from '../../../machines/vocabulary/record.ts';
import { Device, T0, versionOf } from '../../support/conflict/device.ts';

const sent: MergedBody = {
  payload: { theme: 'mine' },
  version: '"1"',
  round: 0,
  meta: {
    vv: { phone: 6, tablet: 1 },
    actor: 'phone',
    hlc: { ms: T0, c: 0 },
    bodies: { phone: 'ours', tablet: 't1' },
  },
};
const theirs = { theme: 'theirs' };

function standing(current: Current | null, isOutcomeUnknown: boolean, body = sent) {
  const record = null;
  return standingOfSent({ sent: body, current, record, device: 'phone', isOutcomeUnknown });
}

describe('OP-3 CF-1 an edit that was refused for its version', () => {
  test.each([
    ['what it was made on', versionOf('"1"', theirs), 'sameVersion', 'sameVersion'],
    ['what was sent, whoever says so', versionOf('"2"', { theme: 'mine' }), 'applied', 'applied'],
    ['another version, and says nothing', versionOf('"2"', theirs), 'other', 'unproven'],
    ['one that has not seen it', of({ phone: 5, tablet: 2 }), 'other', 'other'],
    ['one that has no vector of it', of({ tablet: 2 }), 'other', 'other'],
    [
      'one of another device that has seen it',
      of({ phone: 6, tablet: 2 }, 'ours'),
      'applied',
      'applied',
    ],
    ['another body under its count', of({ phone: 6, tablet: 2 }, 'other'), 'other', 'unproven'],
    ['its count, and no body', of({ phone: 6, tablet: 2 }), 'other', 'unproven'],
    [
      'more of this device than it ever sent',
      of({ phone: 7, tablet: 2 }, 'ours'),
      'other',
      'unproven',
    ],
    ['the edit, as this device made it', own(T0, 'ours'), 'applied', 'applied'],
    ['the edit, whatever its clock says', own(T0 + 1, 'ours'), 'applied', 'applied'],
    ['another edit under its count', own(T0, 'other'), 'other', 'unproven'],
    ['no such record', null, 'other', 'unproven'],
  ] as const)('OP-3 CF-1 the upstream holds %s', (_, current, definite, inDoubt) => {
    expect(standing(current, false)).toBe(definite);
    expect(standing(current, true)).toBe(inDoubt);
  });

  test('CF-1 PS-5 in doubt, the same count of an earlier life of a restored store proves nothing', () => {
    // Whatever the clocks say of it: those of the other device are behind by as much as you like.
    for (const hearingMs of [T0 + 9, T0 - 6 * 60_000, T0 - 1e12, 0]) {
      const heard = { phone: Math.min(T0, hearingMs), tablet: hearingMs };
      const seen = (phone: string) =>
        versionOf('"3"', theirs, { vv: { phone: 6, tablet: 2 }, heard, bodies: { phone } });
      const made: MergedBody = { ...sent, meta: { ...sent.meta, heard: { phone: T0 } } };
      expect(standing(seen('ours'), true, made)).toBe('applied');
      expect(standing(seen('of an earlier life'), true, made)).toBe('unproven');
    }
  });

  test('OP-3 in doubt, a version that names this device no more though one before it did says nothing', () => {
    const phone = new Device('phone');
    const without = of({ tablet: 3 });
    phone.hears(of({ tablet: 1 }));
    const ask = () =>
      standingOfSent({
        ...{ sent, current: without, record: phone.record },
        ...{ device: 'phone', isOutcomeUnknown: true },
      });
    expect(ask()).toBe('other');
    phone.hears({ ...of({ phone: 5, tablet: 2 }), version: '"9"' });
    expect(ask()).toBe('unproven');
  });

  test('OP-3 one that was to make the record: there is none yet', () => {
    const first: MergedBody = { ...sent, version: null, absent: true };
    expect(standing(null, true, first)).toBe('sameVersion');
    expect(standing(versionOf('"1"', theirs), false, first)).toBe('other');
  });

  test('CF-7 what was sent is not there while its removals are not', () => {
    const tombstones = [{ path: '/people/c2', confirmed: true }];
    const removing: MergedBody = { ...sent, meta: { ...sent.meta, tombstones } };
    const value = { theme: 'mine' };
    expect(standing(versionOf('"2"', value, { vv: { tablet: 2 } }), false, removing)).toBe('other');
    const told = versionOf('"2"', value, { vv: { tablet: 2 }, tombstones });
    expect(standing(told, false, removing)).toBe('applied');
    // An upstream that carries nothing can't be told.
    expect(standing(versionOf('"2"', value), false, removing)).toBe('applied');
  });

  test('CF-1 what is known to be over is told apart, by vectors alone', () => {
    const phone = new Device('phone');
    phone.hears(versionOf('"5"', theirs, { vv: { phone: 5, tablet: 3 } }));
    const { record } = phone;
    const ask = (current: Current) =>
      standingOfSent({ sent, current, record, device: 'phone', isOutcomeUnknown: false });
    expect(ask(versionOf('"4"', { theme: 'old' }, { vv: { phone: 5, tablet: 2 } }))).toBe('older');
    expect(ask(versionOf('"4"', { theme: 'old' }))).toBe('other');
    expect(ask(versionOf('"5"', theirs, { vv: { phone: 5, tablet: 3 } }))).toBe('other');
  });

  test('CF-1 before anything was sent nothing is in doubt', () => {
    const current = versionOf('"2"', { theme: 'mine' });
    const question = { record: null, device: 'phone', isOutcomeUnknown: false } as const;
    expect(standingOfSent({ ...question, sent: undefined, current })).toBe('other');
  });
});

function of(vv: Readonly<Record<string, number>>, phone?: string): Current {
  return versionOf('"2"', theirs, { vv, ...(phone === undefined ? {} : { bodies: { phone } }) });
}

function own(ms: number, phone: string): Current {
  const hlc = { ms, c: 0 };
  return versionOf('"2"', theirs, { vv: { phone: 6 }, actor: 'phone', hlc, bodies: { phone } });
}
