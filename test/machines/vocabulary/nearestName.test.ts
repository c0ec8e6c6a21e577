/**
 * The known name that a misspelt one was meant to be (UX-2).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { nearestName } from '../../../machines/vocabulary/optionFields.ts';

const KNOWN = ['attemptsMax', 'delayMsMax', 'initialDelayMs', 'multiplier', 'jitterMsMax'];

describe('UX-2 a name that is near a known one', () => {
  test.each([
    ['attemptsmax', 'attemptsMax'],
    ['attempts-max', 'attemptsMax'],
    ['attempts_max', 'attemptsMax'],
    ['attempts', 'attemptsMax'],
    ['attemptsMaximum', 'attemptsMax'],
    ['multiplyer', 'multiplier'],
    ['multiplir', 'multiplier'],
    ['multiplierr', 'multiplier'],
    ['mutliplier', 'multiplier'],
    ['multipleir', 'multiplier'],
    ['jiterMsMx', 'jitterMsMax'],
    ['initalDelayMs', 'initialDelayMs'],
  ])('UX-2 %s is meant to be %s', (name, meant) => {
    expect(nearestName(name, KNOWN)).toBe(meant);
  });

  test('UX-2 one that is the same but for case goes before one that begins like it', () => {
    expect(nearestName('retries', ['retriesMax', 'Retries'])).toBe('Retries');
    expect(nearestName('Retries', ['retries', 'retriesMax'])).toBe('retries');
  });

  test('UX-2 two letters that changed places count as one change, wherever they stand', () => {
    for (const name of ['teir', 'iter', 'tire']) expect(nearestName(name, ['tier'])).toBe('tier');
    for (const name of ['itre', 'eitr', 'reit']) expect(nearestName(name, ['tier'])).toBeNull();
    expect(nearestName('tixr', ['tier'])).toBe('tier');
    expect(nearestName('ttier', ['tier'])).toBe('tier');
    expect(nearestName('ier', ['tier'])).toBe('tier');
  });

  test('UX-2 three letters are a beginning, and digits are part of a name', () => {
    expect(nearestName('mul', ['multiplier'])).toBe('multiplier');
    expect(nearestName('Retry-2', ['retry1', 'retry2'])).toBe('retry2');
  });

  test('UX-2 the nearest of several is taken, and of equals the first', () => {
    expect(nearestName('tierx', ['tiles', 'tiers'])).toBe('tiers');
    expect(nearestName('bat', ['cat', 'hat'])).toBe('cat');
    expect(nearestName('cost', ['costly', 'cast'])).toBe('costly');
  });
});

describe('UX-2 a name that is near none', () => {
  test.each([
    ['backoff'],
    ['mul'.replace('m', 'x')],
    ['mltplr'],
    ['at'],
    [''],
    ['attemptsMax'.padEnd(41, 'x')],
  ])('UX-2 %j is not guessed at', (name) => {
    expect(nearestName(name, KNOWN)).toBeNull();
  });

  test('UX-2 a short name must be nearer, and its beginning says nothing', () => {
    expect(nearestName('ab', ['abacus'])).toBeNull();
    expect(nearestName('ab', ['cd'])).toBeNull();
    expect(nearestName('N', ['M'])).toBeNull();
    expect(nearestName('n', ['N'])).toBe('N');
    expect(nearestName('tiar', ['tier'])).toBe('tier');
    expect(nearestName('tear', ['tier'])).toBeNull();
  });

  test('UX-2 names longer than any of ours are not compared, forty letters are', () => {
    const long = 'x'.repeat(40);
    expect(nearestName(`${long.slice(1)}y`, [long])).toBe(long);
    expect(nearestName(`${long}x`, [long])).toBeNull();
  });

  test('UX-2 what one name has before or beside the other counts, too', () => {
    expect(nearestName('ier', ['abtier'])).toBeNull();
    expect(nearestName('abctier', ['tier'])).toBeNull();
    expect(nearestName('xacd', ['aycd'])).toBeNull();
  });

  test('UX-2 there may be none', () => {
    expect(nearestName('tier', [])).toBeNull();
  });
});
