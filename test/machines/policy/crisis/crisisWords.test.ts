/** Words for the person on what has happened so far (CR-3). */

import { expect, test } from 'vitest';
import {
  CrisisMessages,
  checkWords,
  languageOf,
} from '../../../../machines/policy/crisis/crisisWords.ts';

const STATES = ['notReached', 'taken', 'notTaken'] as const;
const OWN = {
  language: 'fr',
  notReached: 'Votre message n’a encore atteint personne. Appelez le 3114.',
  reviewedBy: 'Dr N. Martin',
  reviewedOn: '2026-11-30',
};

test('CR-3 built-in words say what has happened, in English and German, and that no clinician reviewed them', () => {
  const messages = new CrisisMessages([]);
  for (const state of STATES) {
    expect(messages.of(state, undefined, undefined)).toMatchObject({
      ...{ state, language: 'en', from: 'builtIn', reviewedBy: null, reviewedOn: null },
    });
    expect(messages.of(state, 'de', undefined).language).toBe('de');
  }
  expect(messages.of('notReached', 'en', undefined).text).toContain('has not reached anybody yet');
  expect(messages.of('notTaken', 'en', undefined).text).toContain('nobody will get it');
  // Taken is not read.
  expect(messages.of('taken', 'en', undefined).text).toContain('does not mean');
  const texts = STATES.flatMap((state) =>
    ['en', 'de'].map((l) => messages.of(state, l, null).text),
  );
  expect(new Set(texts).size).toBe(texts.length);
});

test('CR-3 the language is that of the locale, else that of the region, else the first of the app, else English', () => {
  const none = new CrisisMessages([]);
  const own = new CrisisMessages([OWN]);
  const spoken = (messages: CrisisMessages, locale: unknown, region: unknown): string =>
    messages.of('notReached', locale, region).language;
  expect(spoken(none, 'de-AT', 'US')).toBe('de');
  expect(spoken(none, 'DE_at', undefined)).toBe('de');
  expect(spoken(none, undefined, 'DE-BY')).toBe('de');
  expect(spoken(none, undefined, 'CH')).toBe('en');
  expect(spoken(none, 'pl', 'DE')).toBe('en');
  expect(spoken(none, 7, {})).toBe('en');
  expect(spoken(own, 'fr-CA', 'US')).toBe('fr');
  expect(spoken(own, 'de', undefined)).toBe('de');
  expect(spoken(own, undefined, undefined)).toBe('fr');
  expect(spoken(own, 'pl', undefined)).toBe('fr');
});

test('CR-3 a country has the language that is spoken there, whatever the first of the app is', () => {
  const own = new CrisisMessages([OWN]);
  const spoken = (region: string) => own.of('notReached', undefined, region).language;
  expect(['AT', 'DE', 'LI'].map(spoken)).toEqual(['de', 'de', 'de']);
  const english = ['AU', 'CA', 'GB', 'IE', 'NZ', 'US'];
  expect(english.map(spoken)).toEqual(english.map(() => 'en'));
  expect(spoken('CH')).toBe('fr');
});

test('CR-3 German words say what has happened, too', () => {
  const text = (state: (typeof STATES)[number]) =>
    new CrisisMessages([]).of(state, 'de', undefined).text;
  expect(text('notReached')).toContain('noch niemanden erreicht');
  expect(text('taken')).toContain('Das heißt nicht');
  expect(text('notTaken')).toContain('niemand wird sie bekommen');
});

test("CR-3 the app's own words come first, with who reviewed them", () => {
  const english = { language: 'en', notReached: 'Nobody has it yet.', taken: 'Our desk has it.' };
  const messages = new CrisisMessages([OWN, english]);
  expect(messages.of('taken', 'fr', undefined)).toEqual({
    ...{ state: 'taken', text: OWN.notReached, language: 'fr', from: 'app' },
    ...{ reviewedBy: OWN.reviewedBy, reviewedOn: OWN.reviewedOn },
  });
  expect(messages.of('taken', 'en', undefined).text).toBe('Our desk has it.');
  expect(messages.of('notTaken', 'en', undefined).text).toBe('Nobody has it yet.');
  expect(messages.of('notReached', 'de', undefined).from).toBe('builtIn');
});

test('CR-1 words are made once, and no caller can change what others get', () => {
  const messages = new CrisisMessages([OWN]);
  const first = messages.of('notReached', 'fr', undefined);
  expect(messages.of('notReached', 'fr-FR', 'FR')).toBe(first);
  expect(Object.isFrozen(first)).toBe(true);
});

test('UX-2 words that can not be shown are refused by name', () => {
  const refused = [
    [{ ...OWN, language: 'French' }, 'language'],
    [{ ...OWN, notReached: ' ' }, 'notReached'],
    [{ ...OWN, taken: 5 }, 'taken'],
    [{ ...OWN, reviewedOn: 'yesterday' }, 'reviewedOn'],
    [{ ...OWN, reviewedOn: undefined }, 'reviewedOn'],
    [{ ...OWN, reviewedBy: undefined }, 'reviewedOn'],
    ...['x2026-11-30', '2026-11-30x', '6-11-30', '2026-1-30', '2026-11-3', 'year-11-30'].map(
      (reviewedOn) => [{ ...OWN, reviewedOn }, 'reviewedOn'] as const,
    ),
    [{ ...OWN, language: 'fr-CA' }, 'language'],
    [{ ...OWN, notTaken: 'x'.repeat(1_001) }, 'notTaken'],
    [{ ...OWN, notReeched: 'x' }, 'notReeched'],
  ] as const;
  for (const [words, name] of refused) {
    expect(() => checkWords(words, 'w')).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field: `w.${name}` }) as Error,
    );
  }
  expect(languageOf('x'.repeat(1_000))).toBeNull();
});

test('UX-2 words that can be shown are as they were given, and each rule is told', () => {
  const bare = { language: 'de', notReached: 'x'.repeat(1_000) };
  for (const words of [OWN, bare]) expect(checkWords(words, 'w')).toBe(words);
  const rules = [
    [{ language: 'DE' }, 'must be a language such as de, in small letters and without a country'],
    [{ notTaken: '' }, 'must be a well-formed text of 1 to 1000 characters'],
    [{ reviewedOn: 'today' }, 'must be a day as YYYY-MM-DD'],
    [{ reviewedOn: undefined }, 'and reviewedBy must both be given, or neither'],
  ] as const;
  for (const [change, rule] of rules) {
    expect(() => checkWords({ ...OWN, ...change }, 'w')).toThrow(rule);
  }
});

test('CR-3 the language of a locale is its first part, of one that is a locale', () => {
  expect(['de', 'DE', 'de-AT', 'de_at', 'gsw-CH', `de-${'x'.repeat(32)}`].map(languageOf)).toEqual([
    ...['de', 'de', 'de', 'de', 'gsw', 'de'],
  ]);
  for (const odd of ['', 'd', 'german', 'in de', 'de AT', 'de.UTF-8', `de-${'x'.repeat(33)}`]) {
    expect(languageOf(odd), odd).toBeNull();
  }
  // A long text in parts is not put together to be looked at.
  expect(languageOf(Object('de'))).toBeNull();
});
