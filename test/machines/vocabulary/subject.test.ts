import fc from 'fast-check';
import { expect, test } from 'vitest';
import { subjectForm, subjectOf } from '../../../machines/vocabulary/subject.ts';

test('CR-3 a subject has one form: NFC, its digits where it is a number, and never another case', () => {
  expect(subjectForm('Jose\u0301')).toBe('Jos\u00e9');
  expect(subjectOf('Jose\u0301')).toBe('Jos\u00e9');
  expect(subjectForm('JOSÉ')).not.toBe(subjectForm('josé'));
  // Signs that only look alike, and a ligature, are other ids.
  expect(subjectForm('ﬁ')).toBe('ﬁ');
  expect([42, -0, 4.5, 1e21, 42n].map(subjectOf)).toEqual(['42', '0', '4.5', '1e+21', '42']);
});

test('CR-3 what is no subject has no form', () => {
  const none = [undefined, null, '', {}, [], true, Number.NaN, Infinity, 'x\0', '\ud800'];
  for (const given of none) expect(subjectOf(given)).toBeNull();
  expect(subjectOf('x'.repeat(256))).toHaveLength(256);
  expect(subjectOf('x'.repeat(257))).toBeNull();
  expect(subjectOf(10n ** 50n)).toBeNull();
});

test('CR-3 the form of any text is its NFC, whatever the short cut for plain ones', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
  );
  fc.assert(
    fc.property(text, (subject) => {
      expect(subjectForm(subject)).toBe(subject.normalize('NFC'));
      expect(subjectForm(subject.normalize('NFD'))).toBe(subjectForm(subject));
    }),
  );
});
