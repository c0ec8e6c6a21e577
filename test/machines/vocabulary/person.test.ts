/** Who may be named as having decided something. */

import { expect, test } from 'vitest';
import { checkFields } from '../../../machines/vocabulary/optionFields.ts';
import { isAlso, isSamePerson, PERSON_RULES } from '../../../machines/vocabulary/subject.ts';

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

test.each([
  ['staff-7', 'Staff-7'],
  ['staff-7', 'STAFF-7'],
  ['staff-7', 'staff\u20117'],
  ['staff-7', 'staff\u20137'],
  ['staff-7', 'staff\u22127'],
  ['staff-7', 'staff\uff0d7'],
  ['staff-7', '\uff53taff-7'],
  ['staff-7', 'sta\ufb00-7'],
  ['staff-7', 'staff\u200b-7'],
  ['staff-7', 'sta\u00adff-7'],
  ['staff-7', 'staff-7\ufe0f'],
  ['staff-7', ' staff-7 '],
  ['ana maria', 'ana\u00a0maria'],
  ['Jos\u00e9', 'jose\u0301'],
  ['stra\u00dfe', 'STRASSE'],
  ['\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2', '\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3'],
])('CR-6 CR-5 %j and %j are one person', (one, other) => {
  expect(isSamePerson({ id: one }, { id: other })).toBe(true);
  expect(isSamePerson({ id: other }, { id: one })).toBe(true);
  expect(isAlso({ id: one }, other)).toBe(true);
});

test.each([
  ['staff-7', 'staff-8'],
  ['staff-7', 'staff7'],
  ['ana', 'ana maria'],
  ['', 'staff-7'],
])('CR-6 CR-5 %j and %j are two persons', (one, other) => {
  expect(isSamePerson({ id: one }, { id: other })).toBe(false);
  expect(isAlso({ id: one }, other)).toBe(false);
});

test('CR-6 nobody is the subject of what has none', () => {
  expect(isAlso({ id: 'null' }, null)).toBe(false);
});
