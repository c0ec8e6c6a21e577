/** What an app has configured for people in crisis: what helps nobody is left out and told of (CR-3). */

import { expect, test } from 'vitest';
import { soundResources, soundWords } from '../../../../machines/policy/crisis/appResources.ts';

const CLINIC = { kind: 'contact', name: 'Our clinic', regions: ['DE'], phone: '+49 30 7654321' };

test('CR-3 what helps is kept, in order, with the defaults of plans', () => {
  const given = [
    CLINIC,
    { kind: 'helpLine', name: 'Line', url: 'https://example.org', hours: 'all day' },
    { kind: 'plan', name: 'Go to the nearest hospital', regions: ['*'] },
    { kind: 'contact', name: 'Front desk', note: 'Room 5, day and night' },
    { name: 'Line', phone: '116 123' },
  ];
  const { sound, leftOut } = soundResources(given, 'crisis.resources');
  expect(leftOut).toEqual([]);
  expect(sound.map(({ name }) => name)).toEqual(given.map(({ name }) => name));
  expect(sound[1]).not.toHaveProperty('hours');
  expect(sound[1]).toMatchObject({ regions: ['*'] });
});

const trap = Object.defineProperty({ ...CLINIC }, 'name', {
  get: () => {
    throw new Error('trap');
  },
});

test.each([
  ['no way to reach it', { kind: 'helpLine', name: 'x', regions: ['DE'] }, ''],
  ['no region', { ...CLINIC, regions: [] }, '.regions'],
  ['a region that is no code', { ...CLINIC, regions: ['Germany'] }, '.regions[0]'],
  ['regions that are no list', { ...CLINIC, regions: 'DE' }, '.regions'],
  ['no name', { ...CLINIC, name: undefined }, '.name'],
  ['an empty name', { ...CLINIC, name: '' }, '.name'],
  ['a kind that is not known', { ...CLINIC, kind: 'nonsense' }, '.kind'],
  ['a phone that is no text', { ...CLINIC, phone: 5 }, '.phone'],
  ['a line break in its phone', { ...CLINIC, phone: '110\r\nX: 1' }, '.phone'],
  ['a phone that is shown backwards', { ...CLINIC, phone: '\u202e110' }, '.phone'],
  ['mark-up in its phone', { ...CLINIC, phone: '<img src=x>' }, '.phone'],
  ['a link that runs something', { ...CLINIC, url: 'javascript:alert(1)' }, '.url'],
  ['a text in its place', 'Our clinic', ''],
  ['nothing', null, ''],
  ['a getter that throws', trap, ''],
])('CR-3 one with %s is left out, named, and the others are there', (_, bad, field) => {
  const { sound, leftOut } = soundResources([bad, CLINIC], 'crisis.resources');
  expect(sound).toMatchObject([CLINIC]);
  expect(leftOut).toEqual([
    expect.objectContaining({
      code: 'HF_OPTION_INVALID',
      field: `crisis.resources[0]${field}`,
      message: expect.stringMatching(/It is in no answer to a crisis: correct it, and restart\.$/),
    }),
  ]);
});

test.each([
  [5, 'must be { kind, name, regions, phone, … }.'],
  [
    { kind: 'helpLine', name: 'x', regions: ['DE'] },
    'has no phone, text, url or note, so that it helps nobody.',
  ],
])('CR-3 of %j it says why it helps nobody', (bad, why) => {
  const [error] = soundResources([bad], 'crisis.resources').leftOut;
  expect(error?.message).toContain(why);
  expect(error?.stack).not.toMatch(/\n\s+at /);
});

test('CR-3 of one that can not be read it says so, by its place', () => {
  const [error] = soundResources([trap], 'crisis.resources').leftOut;
  expect(error?.message).toMatch(/^crisis\.resources\[0\] can't be read\./);
});

test('CR-3 words that can not be shown are left out, and the others are there', () => {
  const german = { language: 'de', notReached: 'Noch niemanden.' };
  const { sound, leftOut } = soundWords([{ language: 'German' }, german], 'crisis.words');
  expect(sound).toEqual([german]);
  expect(leftOut).toMatchObject([{ field: 'crisis.words[0].language' }]);
});
