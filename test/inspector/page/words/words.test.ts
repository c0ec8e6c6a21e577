import { describe, expect, test } from 'vitest';
import {
  breakerSaid,
  causesText,
  holdText,
  inWords,
  isShut,
  levelSaid,
  overallSaid,
  phaseSaid,
  storageSaid,
  waitText,
} from '../../../../inspector/page/words/health.ts';
import {
  agoText,
  countOf,
  shareText,
  sinceText,
  spanText,
  statesText,
} from '../../../../inspector/page/words/news.ts';
import { WAIT_REASONS } from '../../../../machines/operation/waitReason.ts';
import { BREAKER_STATES } from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { HOLD_KINDS } from '../../../../machines/policy/breaker/operatorHolds.ts';
import { LEVELS } from '../../../../machines/policy/service/degradationLevel.ts';
import { LEVEL_CAUSES } from '../../../../machines/policy/service/degradationPolicy.ts';
import { STORAGE_TROUBLES } from '../../../../machines/policy/service/storageTrouble.ts';
import { PHASES } from '../../../../machines/supervisor/supervisorMachine.ts';
import { WAIT_CAUSES } from '../../../../machines/vocabulary/standing.ts';

/** What has no words of its own is shown as its name is written. */
function untold(names: readonly string[], textOf: (name: string) => string): readonly string[] {
  return names.filter((name) => textOf(name) === inWords(name));
}

describe('OB-1 there are words for everything that is told', () => {
  test.each<[string, readonly string[], (name: string) => string]>([
    ['reasons to wait', [...WAIT_CAUSES, ...WAIT_REASONS, 'unknown'], waitText],
    ['levels', LEVELS, (name) => levelSaid(name)[1]],
    ['causes of levels', LEVEL_CAUSES, (name) => causesText([name]).slice('because '.length)],
    ['states of breakers', BREAKER_STATES, (name) => breakerSaid(name)[1]],
    ['orders', HOLD_KINDS, holdText],
    ['phases', PHASES, (name) => phaseSaid(name)[1]],
    [
      'states of storage',
      [...STORAGE_TROUBLES, 'well', 'slow', 'hanging'],
      (name) => storageSaid(name)[1],
    ],
    ['healths', ['healthy', 'degraded', 'critical'], (name) => overallSaid(name)[1]],
  ])('OB-1 %s', (_, names, textOf) => {
    expect(untold(names, textOf)).toEqual([]);
  });

  test('OB-1 control: a word that nobody knows is still legible', () => {
    expect(untold(['quarkOverflow'], waitText)).toEqual(['quarkOverflow']);
    expect(levelSaid('halfWay')).toEqual(['quiet', 'half way']);
  });
});

describe('OB-1 times and counts as people say them', () => {
  test.each([
    [0, '0 ms', '0 s'],
    [340, '340 ms', '0 s'],
    [999.6, '1.0 s', '1 s'],
    [4_230, '4.2 s', '4 s'],
    [9_960, '10 s', '10 s'],
    [59_700, '1 min', '1 min'],
    [200_000, '3 min 20 s', '3 min 20 s'],
    [7_200_000, '2 h', '2 h'],
    [187_200_000, '2 d 4 h', '2 d 4 h'],
  ])('OB-1 %d ms', (ms, span, ago) => {
    expect([spanText(ms), agoText(ms)]).toEqual([span, ago]);
  });

  test('OB-1 another day is named', () => {
    const now = new Date(2026, 10, 27, 3, 20).getTime();
    expect(sinceText(new Date(2026, 10, 27, 3, 12).getTime(), now)).toBe('03:12');
    expect(sinceText(new Date(2026, 10, 26, 3, 12).getTime(), now)).toBe('26 Nov 03:12');
  });

  test('OB-1 counts and shares', () => {
    expect(countOf(1, 'conflict')).toBe('1 conflict');
    expect(countOf(1_234_567, 'crisis', 'crises')).toBe('1,234,567 crises');
    expect([shareText(0.012), shareText(0.5), shareText(0)]).toEqual(['1.2 %', '50 %', '0 %']);
  });

  test('OB-1 states of several regions are named by region', () => {
    expect(statesText(['a.backingOff'])).toBe('a · backing off');
    expect(statesText(['intake.open', 'pace.steady'])).toBe('intake: open, pace: steady');
  });

  test('OB-1 a breaker is shut as health has it', () => {
    expect(BREAKER_STATES.filter(isShut)).toEqual(['open', 'halfOpen', 'forcedOpen']);
  });
});
