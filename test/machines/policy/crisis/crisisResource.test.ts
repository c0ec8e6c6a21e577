import { expect, test } from 'vitest';
import {
  type CrisisResource,
  countryOf,
  nearestFirst,
} from '../../../../machines/policy/crisis/crisisResources.ts';

const line = (name: string, ...regions: string[]): CrisisResource => ({
  kind: 'helpLine',
  name,
  regions,
});
const LINES = [
  line('a', 'US'),
  line('b', '*'),
  line('c', 'DE', 'AT'),
  line('d', 'DE-BY'),
  line('e', '*'),
];
const names = (country: string | null): string =>
  nearestFirst(LINES, country)
    .map(({ name }) => name)
    .join('');

test('CR-3 what serves the region of a request comes first, then what serves everywhere', () => {
  expect(names('DE')).toBe('cdbea');
  expect(names('US')).toBe('abecd');
});

test('CR-3 nothing is left out for a region: the person may be elsewhere', () => {
  expect(names('FR')).toBe('beacd');
  expect(names(null)).toBe('abcde');
});

test('CR-3 a region is a country, however it is written', () => {
  expect(['DE', 'de', 'de-BY', 'US-CA'].map(countryOf)).toEqual(['DE', 'DE', 'DE', 'US']);
  for (const odd of ['', '*', 'Germany', 'D', 'DE_BY', 42, null, undefined, {}]) {
    expect(countryOf(odd)).toBeNull();
  }
  // A long text in parts is not put together to be looked at.
  expect(countryOf(Object('DE'))).toBeNull();
});
