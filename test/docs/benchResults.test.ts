/** `bench/results.md`: a figure is worth nothing without the version that it is of. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('OB-3 bench/results.md names a commit for each of its tables', () => {
  const [head = '', ...sections] = readFileSync('bench/results.md', 'utf8').split(/^## /m);
  const titles = sections
    .filter((section) => /^\|.*\d/m.test(section))
    .map((section) => section.split('\n')[0]);
  const dated = [...head.matchAll(/^\| ([^|]+) \| .*`[0-9a-f]{7,}`/gm)].flatMap(([, named = '']) =>
    named.split(', '),
  );
  expect(titles.length).toBeGreaterThan(20);
  expect(new Set(dated)).toEqual(new Set(titles));
});
