import { expect, test } from 'vitest';
import { HELP_LINES, uncheckedHelpLines } from '../../../src/crisis/helpLines.ts';

const YEAR_MS = 366 * 86_400_000;
const checkedAt = Math.min(...HELP_LINES.map(({ checkedOn }) => Date.parse(checkedOn)));

test('CR-3 each built-in help line says how to be reached, where, by which page and since when', () => {
  for (const { name, regions, phone, text, url, sourceUrl, checkedOn } of HELP_LINES) {
    expect([name, phone ?? text ?? url]).not.toEqual([name, undefined]);
    expect(regions.every((region) => region === '*' || /^[A-Z]{2}$/.test(region))).toBe(true);
    expect(new URL(sourceUrl).protocol).toBe('https:');
    expect(new Date(Date.parse(checkedOn)).toISOString()).toBe(`${checkedOn}T00:00:00.000Z`);
  }
});

test('CR-3 every region that is served has emergency services, and everywhere a place to ask', () => {
  const everywhere = HELP_LINES.filter(({ regions }) => regions.includes('*'));
  expect(new Set(everywhere.map(({ kind }) => kind))).toEqual(new Set(['emergency', 'helpLine']));
});

test('CR-3 a help line that nobody has checked for a year is told of, one that was is not', () => {
  expect(uncheckedHelpLines(checkedAt + YEAR_MS)).toEqual([]);
  expect(uncheckedHelpLines(checkedAt + YEAR_MS + 1).length).toBeGreaterThan(0);
  expect(uncheckedHelpLines(checkedAt + 10 * YEAR_MS)).toEqual(HELP_LINES);
});
