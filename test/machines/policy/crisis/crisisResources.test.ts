/** What every answer to a crisis holds (CR-3). */

import { expect, test } from 'vitest';
import { CrisisResources } from '../../../../machines/policy/crisis/crisisResources.ts';

const line = (name: string, region: string) =>
  ({
    kind: 'helpLine',
    name,
    regions: [region],
    sourceUrl: 'https://example.org',
    checkedOn: '2026-11-26',
    checkedBy: 'storedPage',
  }) as const;
const RESOURCES = new CrisisResources(
  [
    { kind: 'contact', name: 'Clinic', regions: ['*'] },
    { kind: 'contact', name: 'Klinik', regions: ['DE-BE'] },
  ],
  [line('Lifeline', 'US'), line('TelefonSeelsorge', 'DE')],
);

test('CR-3 those of the app come before the built-in ones, near ones first in each', () => {
  const names = (country: string | null) => RESOURCES.after([], country).map(({ name }) => name);
  expect(names(null)).toEqual(['Clinic', 'Klinik', 'Lifeline', 'TelefonSeelsorge']);
  expect(RESOURCES.after([], null).map(({ from }) => from)).toEqual([
    ...['app', 'app'],
    ...['builtIn', 'builtIn'],
  ]);
  expect(names('DE')).toEqual(['Klinik', 'Clinic', 'TelefonSeelsorge', 'Lifeline']);
});

test('CR-3 the plan comes before all of them, and no caller can change what others get', () => {
  const step = { kind: 'step', name: 'Go for a walk', regions: ['*'], from: 'plan' } as never;
  const answer = RESOURCES.after([step], 'DE');
  expect(answer[0]).toBe(step);
  expect(answer).toHaveLength(5);
  expect(Object.isFrozen(answer)).toBe(true);
  expect(RESOURCES.after([], 'DE')).toBe(RESOURCES.after([], 'DE'));
  expect(RESOURCES.after([], 'DE').every((each) => Object.isFrozen(each))).toBe(true);
});
