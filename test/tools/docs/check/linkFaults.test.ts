import { expect, test } from 'vitest';
import { linkFaults } from '../../../../tools/docs/check/linkFaults.ts';

const page = (text: string) => [{ path: 'docs/machines/a.md', text }];
const textOf = (path: string) =>
  path === 'docs/b.md' ? '## Who may run\n<a id="cb-1"></a>' : path === 'src/a.ts' ? 'x' : null;

test('OB-3 links to files, places and headings that are there are no faults', () => {
  const text = [
    '# A `thing` of its own',
    '[self](#a-thing-of-its-own) [place](../b.md#cb-1) [heading](../b.md#who-may-run)',
    '[line](../../src/a.ts#L7) [out](https://example.org/x) `[no](link.md)`',
    '```\n[no](link.md)\n```',
  ].join('\n');
  expect(linkFaults(page(text), textOf)).toEqual([]);
});

test('OB-3 a file or a place that is not there is a fault, once', () => {
  const text =
    '![p](a.svg) [x](gone.md) [x](gone.md#y) [x](gone.md) [y](../b.md#cb-2) [z](#z) <img src="b.svg">';
  expect(linkFaults(page(text), textOf)).toEqual([
    'docs/machines/a.md: a link leads to docs/machines/a.svg, which is not there',
    'docs/machines/a.md: a link leads to docs/machines/gone.md, which is not there',
    'docs/machines/a.md: a link leads to docs/machines/gone.md, which is not there',
    'docs/machines/a.md: a link leads to docs/b.md#cb-2, and there is no such place',
    'docs/machines/a.md: a link leads to docs/machines/a.md#z, and there is no such place',
    'docs/machines/a.md: a link leads to docs/machines/b.svg, which is not there',
  ]);
});
