import { describe, expect, test } from 'vitest';
import { CHECKED_BY, CrisisResources } from '../../../machines/policy/crisis/crisisResources.ts';
import { HELP_LINES, uncheckedHelpLines } from '../../../src/crisis/helpLines.ts';

const YEAR_MS = 366 * 86_400_000;
const checkedAt = Math.min(...HELP_LINES.map(({ checkedOn }) => Date.parse(checkedOn)));
const RESOURCES = new CrisisResources([], HELP_LINES);
const everywhere = HELP_LINES.filter(({ regions }) => regions.includes('*'));

test('CR-3 each built-in help line says how to be reached, where, by which page, since when and how it was checked', () => {
  for (const line of HELP_LINES) {
    const { name, regions, phone, text, url, sourceUrl, checkedOn, checkedBy } = line;
    expect([name, phone ?? text ?? url]).not.toEqual([name, undefined]);
    expect(regions.length).toBeGreaterThan(0);
    expect(regions.every((region) => region === '*' || /^[A-Z]{2}$/.test(region))).toBe(true);
    expect(new URL(sourceUrl).protocol).toBe('https:');
    expect(new Date(Date.parse(checkedOn)).toISOString()).toBe(`${checkedOn}T00:00:00.000Z`);
    expect(CHECKED_BY).toContain(checkedBy);
  }
});

describe('CR-3 without a region', () => {
  test('CR-3 a directory comes first, and no number that serves some countries only comes before it', () => {
    const answer = RESOURCES.after([], null);
    expect(answer[0]).toMatchObject({ url: 'https://findahelpline.com' });
    expect(answer.slice(0, everywhere.length)).toMatchObject(everywhere);
    // A number that is right in most countries is still wrong in the others.
    for (const { name, phone, text } of everywhere) {
      expect([name, phone, text]).toEqual([name, undefined, undefined]);
    }
    expect(everywhere.some(({ note }) => note?.includes('emergency number') === true)).toBe(true);
  });

  test('CR-3 each number says in its name which country it is of', () => {
    const countries = new Intl.DisplayNames('en', { type: 'region' });
    for (const { name, regions } of HELP_LINES.filter((line) => !everywhere.includes(line))) {
      const of = regions.length > 2 ? 'European Union' : regions.map((code) => countries.of(code));
      expect(name).toContain(String(of));
    }
  });
});

describe('CR-3 with a region', () => {
  test.each([
    ['AT', ['112', '144', '142', '147']],
    ['AU', ['000', '13 11 14', '1800 55 1800']],
    ['CA', ['911', '988']],
    ['CH', ['144', '112', '143', '147']],
    ['DE', ['112', '0800 111 0 111', '116 117']],
    ['ES', ['112']],
    ['FR', ['112', '15', '3114']],
    ['GB', ['999', '111', '116 123', '0800 1111']],
    ['IE', ['112', '116 123', '1800 247 247']],
    ['IN', []],
    ['IT', ['112']],
    ['NL', ['112', '113']],
    ['NZ', ['111', '1737']],
    ['US', ['911', '988']],
  ])('CR-3 in %s its own come first, emergency services before the others', (country, phones) => {
    const answer = RESOURCES.after([], country);
    const own = answer.filter(({ regions }) => regions.includes(country));
    expect(answer.slice(0, own.length)).toEqual(own);
    expect(own.flatMap(({ phone }) => phone ?? [])).toEqual(phones);
    expect(own.map(({ kind }) => kind)).toEqual(own.map(({ kind }) => kind).toSorted());
    expect(answer).toHaveLength(HELP_LINES.length);
  });

  test.each(['AT', 'FR', 'GB', 'IE', 'US', 'NZ', 'CA'])(
    'CR-3 in %s there is a way for whoever can not speak on the phone',
    (country) => {
      const own = HELP_LINES.filter(({ regions }) => regions.includes(country));
      expect(own.some(({ text }) => text !== undefined)).toBe(true);
    },
  );

  test('CR-3 the countries that have help lines are those that docs/crisis.md names', () => {
    const lines = HELP_LINES.filter(
      ({ kind, regions }) => kind === 'helpLine' && !regions.includes('*'),
    );
    const codes = new Set(lines.flatMap(({ regions }) => regions));
    expect([...codes].toSorted().join(' ')).toBe('AT AU CA CH DE FR GB IE NL NZ US');
  });

  test('CR-3 where none is known the directory comes first', () => {
    expect(RESOURCES.after([], 'BR')[0]).toMatchObject({ url: 'https://findahelpline.com' });
  });
});

test('CR-3 a help line that nobody has checked for a year is told of, one that was is not', () => {
  expect(uncheckedHelpLines(checkedAt + YEAR_MS)).toEqual([]);
  expect(uncheckedHelpLines(checkedAt + YEAR_MS + 1).length).toBeGreaterThan(0);
  expect(uncheckedHelpLines(checkedAt + 10 * YEAR_MS)).toEqual(HELP_LINES);
});
