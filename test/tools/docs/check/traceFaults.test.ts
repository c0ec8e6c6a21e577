import { expect, test } from 'vitest';
import { traceFaults } from '../../../../tools/docs/check/traceFaults.ts';
import { NOT_BUILT, traceRequirements } from '../../../../tools/docs/text/requirements.ts';

const requirements = [
  { id: 'CB-1', text: 'Opens.' },
  { id: 'CB-2', text: 'Closes.' },
];

function traces(code: string, titles: string) {
  return traceRequirements(
    requirements,
    [{ path: 'src/a.ts', text: code }],
    [{ path: 'test/a.test.ts', text: titles }],
  );
}

const DONE = traces('CB-1 CB-2', "test('CB-1 CB-2 it does', () => {");

test('OB-3 a requirement that no code carries, or that no test proves, is a fault', () => {
  expect(traceFaults(DONE, [])).toEqual([]);
  expect(traceFaults(traces('CB-1', "test('CB-1 opens', () => {"), [])).toEqual([
    'docs/requirements.md: no code carries CB-2; cite it where it is done, or say in tools/docs/text/requirements.ts what is missing',
    'docs/requirements.md: no test proves CB-2; begin the title of one with it, or say in tools/docs/text/requirements.ts what is missing',
  ]);
  expect(traceFaults([], [])).toEqual(['docs/requirements.md holds no requirement']);
});

test('OB-3 what is not built yet is listed, and is no fault', () => {
  const open = traces('CB-1', "test('CB-1 opens', () => {");
  expect(traceFaults(open, [{ id: 'CB-2', missing: 'All of it: no lid yet.' }])).toEqual([]);
  expect(traceFaults(DONE, [{ id: 'CB-2', missing: 'In part: only by hand.' }])).toEqual([]);
});

test('OB-3 a row of what is not built is a fault once it is done, said twice, or of nothing', () => {
  const list = 'tools/docs/text/requirements.ts';
  expect(traceFaults(DONE, [{ id: 'CB-2', missing: 'All of it: no lid yet.' }])).toEqual([
    `${list}: CB-2 is carried and proven; remove the row, or begin it with “In part” and say what is missing`,
  ]);
  expect(traceFaults(DONE, [{ id: 'CB-3', missing: 'All of it: no lid yet.' }])).toEqual([
    `${list}: there is no requirement CB-3; remove the row`,
  ]);
  const row = { id: 'CB-2', missing: 'In part: only by hand.' };
  expect(traceFaults(DONE, [row, row])).toEqual([`${list}: CB-2 has two rows; make them one`]);
  expect(traceFaults(DONE, [{ id: 'CB-2', missing: 'later' }])).toEqual([
    `${list}: CB-2 does not say what is missing; begin with “All of it: ” or “In part: ”`,
  ]);
});

test('OB-3 the list itself carries nothing', () => {
  const text = NOT_BUILT.map(({ id }) => id).join(' ');
  const [trace] = traceRequirements(
    [{ id: NOT_BUILT[0]?.id ?? 'CB-1', text: '' }],
    [{ path: 'tools/docs/text/requirements.ts', text }],
    [],
  );
  expect(trace?.carriers).toEqual([]);
});
