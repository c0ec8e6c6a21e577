/** Who may be named as having decided something. */

import { expect, test } from 'vitest';
import { checkFields } from '../../../machines/vocabulary/optionFields.ts';
import { PERSON_RULES } from '../../../machines/vocabulary/person.ts';

const isPerson = (by: unknown): boolean => {
  try {
    checkFields(by, PERSON_RULES, 'by');
    return true;
  } catch {
    return false;
  }
};

test('CR-6 CR-5 a person has an id, and a role where that is told', () => {
  expect(isPerson({ id: 'staff-7' })).toBe(true);
  expect(isPerson({ id: 'staff-7', role: 'clinician' })).toBe(true);
});

test.each([
  [{}],
  [{ id: '' }],
  [{ id: 7 }],
  [{ id: ' staff-7' }],
  [{ id: 'x'.repeat(101) }],
  [{ id: 'a\u0301' }],
  [{ id: 'staff\u200b7' }],
  [{ id: 'staff-7', role: '' }],
  [{ id: 'staff-7', name: 'Ana' }],
])('CR-6 one id has one spelling: %j is refused', (by) => {
  expect(isPerson(by)).toBe(false);
});
