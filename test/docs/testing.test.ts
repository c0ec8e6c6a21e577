import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** The files of which a page has a row with their score. */
const filesIn = (page: string): readonly string[] =>
  [...page.matchAll(/^\| `((?:machines|persistence)\/\S+\.ts)` \|/gm)].map(([, file = '']) => file);

test('UX-1 test/mutation/scores.md has scores of files that are there, each once', () => {
  const files = filesIn(readFileSync('test/mutation/scores.md', 'utf8'));
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
  expect(new Set(files).size).toBe(files.length);
});

test('UX-1 control: a row of a file that is gone is found', () => {
  const [file = ''] = filesIn('| `machines/policy/flow/slots.ts` | 26 | 1 | 0 | 96.2 % |');
  expect(existsSync(file)).toBe(false);
});
