import { expect, test } from 'vitest';
import { drillRows, heldFaults, markFaults } from '../../../../tools/docs/check/linkFaults.ts';

const evidence = {
  isFile: (path: string) => path === 'test/a.test.ts',
  rows: new Set(['offline']),
};
const faults = (text: string) => heldFaults([{ path: 'docs/p.md', text }], evidence);

test('OB-3 a page whose paragraphs, lists and tables all name what holds them has no fault', () => {
  const text = [
    '# A title',
    '',
    'A paragraph',
    'of two lines.',
    '<!-- held: test/a.test.ts; drill: offline -->',
    '',
    '- a list',
    '  that goes on',
    '<!-- held: test/a.test.ts -->',
    '',
    '| a | table |',
    '| --- | --- |',
    '| 1 | 2 |',
    '<!-- held: drill: offline -->',
    '',
    '{{states crisis',
    'on: It is on.',
    '}}',
    '<!-- held: test/a.test.ts -->',
    '',
    '{{picture crisis}}',
    '',
    '![a picture](a.svg)',
    '',
    '<!-- sample',
    'const held = 1;',
    '',
    'an empty line before',
    '-->',
    '```ts',
    'code();',
    '',
    'more();',
    '```',
    '<!-- sample: not run -->',
    '```sh',
    'code',
    '```',
  ].join('\n');
  expect(faults(text)).toEqual([]);
});

test.each([
  ['a paragraph', 'Nobody holds this.\n'],
  ['one at the end of the page', '# A\n\nNobody holds this.'],
  [
    'one whose next paragraph is held',
    'Nobody holds this.\n\nThis one is.\n<!-- held: test/a.test.ts -->',
  ],
  ['one whose mark stands apart', 'Nobody holds this.\n\n<!-- held: test/a.test.ts -->'],
  ['a list', '- Nobody holds this.\n'],
  ['a table', '| Nobody holds this. |\n| --- |\n'],
  ['one before a heading', 'Nobody holds this.\n## B'],
  ['one before a sample', 'Nobody holds this.\n```\ncode\n```'],
  ['one behind a sample', '```\ncode\n```\nNobody holds this.'],
])('OB-3 %s that names nothing is a fault', (_, text) => {
  const [first = ''] = faults(text);
  expect(first).toMatch(/^docs\/p\.md:\d+: nothing is named that holds “[^”]*Nobody holds this/);
});

test.each([
  ['a file that is not there', 'test/gone.test.ts', 'test/gone.test.ts is not there'],
  ['a row that the drill has not', 'drill: onfire', 'the drill has no row onfire'],
  ['a file that is no test', 'src/a.ts', '“src/a.ts” is neither'],
  ['nothing', ' ', '“” is neither'],
  [
    'one that is there and one that is not',
    'test/a.test.ts; test/b.test.ts',
    'test/b.test.ts is not',
  ],
])('OB-3 a mark that names %s is a fault', (_, named, fault) => {
  expect(faults(`It is so.\n<!-- held: ${named} -->`).join()).toContain(`docs/p.md:2: ${fault}`);
});

test('OB-3 where only some paragraphs have a mark, the marks are looked at', () => {
  const text = 'Nothing holds this.\n\nThis is held.\n<!-- held: test/gone.test.ts -->\n';
  expect(markFaults([{ path: 'README.md', text }], evidence)).toEqual([
    'README.md:4: test/gone.test.ts is not there',
  ]);
});

test('OB-3 a mark behind nothing is a fault', () => {
  expect(faults('# A\n<!-- held: test/a.test.ts -->')).toEqual([
    'docs/p.md:2: a mark stands behind nothing; remove it',
  ]);
});

test('OB-3 the rows of the drill are those that its scenarios are called', () => {
  const path = 'src/drill/scenarios/upstreams.ts';
  const text =
    "export const offline: Scenario = {\n  name: 'offline',\n  title: 'Offline',\n};\narm({ name: 'no-row' });";
  expect(
    drillRows([
      { path, text },
      { path: 'src/b.ts', text: text.replace('offline', 'other') },
    ]),
  ).toEqual(new Set(['offline']));
});
