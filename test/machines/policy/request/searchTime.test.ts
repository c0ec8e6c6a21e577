/**
 * How long the search for card data takes (CF-7): the one place where time is measured. In a file of its own, so
 * that what a busy machine does to it says nothing of what is found.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { cardDatumInText } from '../../../../machines/policy/request/cardData.ts';

describe('the time it takes', () => {
  /** What a pattern could be led astray by, repeated; the separators also after a beginning that matches. */
  const separators = [
    ' ',
    '\t',
    '\n',
    '"',
    '\\',
    ':',
    '=',
    '[',
    '>',
    '_',
    '-',
    '.',
    '+',
    '/',
    '\u2009',
  ];
  const pieces = [
    ...['1', '1 ', '1-', '1.', '1\n', '1  ', '1 - ', '7 7\u2009', '4111 ', '411111 ', '41 11 1'],
    ...['M', 'NDEx', 'c', 'cvv', 'card', 'cvv:', '"cvv":"', 'cid=', 'no-', 'DE89 3704 ', 'B4111'],
    ...['４', '①', '\u{1d7d2}', '٤ ', 'é'],
  ];
  const worst = [
    ...[...separators, ...pieces].map((piece) => ['', piece] as const),
    ...separators.map((piece) => ['"cvv":', piece] as const),
    ...separators.map((piece) => ['card', piece] as const),
    ...separators.map((piece) => ['4111', piece] as const),
  ];

  const LOOKS_MAX = 12;
  /** Less is lost in what else the machine does. */
  const MS_MIN = 2;

  /** In processor time, which others on the machine hardly add to. */
  function msOf(work: () => unknown): number {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  }

  /**
   * Whether a text ten times as long takes at most twenty times as long: ten looks at the shorter one are
   * set beside one at the longer, over and over until they fit, since a busy machine only adds to either.
   */
  function growsLinearly(small: string, large: string): boolean {
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const tenSmallMs = msOf(() => {
        for (let count = 0; count < 10; count += 1) cardDatumInText(small);
      });
      const largeMs = msOf(() => cardDatumInText(large));
      if (largeMs <= 2 * Math.max(MS_MIN, tenSmallMs)) return true;
      // Nobody waits for a step that is far too steep.
      if (largeMs > 1_000) return false;
    }
    return false;
  }

  // The one place where time is measured, and as a ratio: a pattern that goes over its text again for
  // each character would take a hundred times as long.
  test.each(worst)(
    'CF-7 grows with the length of the text only: %j and repeated %j',
    (head, piece) => {
      const textOf = (units: number): string => head + piece.repeat(units / piece.length);
      // The smaller steps first: where one is too steep, nobody waits for the next.
      for (const units of [1_000, 10_000, 100_000]) {
        expect(growsLinearly(textOf(units), textOf(10 * units))).toBe(true);
      }
    },
  );
});
