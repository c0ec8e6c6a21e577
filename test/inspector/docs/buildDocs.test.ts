import { expect, test } from 'vitest';
import { type AnyStateMachine, assign, setup } from 'xstate';
import { buildDocs } from '../../../inspector/docs/buildDocs.ts';
import { idsInTitles, parseRequirements } from '../../../inspector/docs/requirements.ts';
import { commentOn, headerOf, instantsOf } from '../../../inspector/docs/sourceComments.ts';

const requirementsPage = `# Requirements
- <a id="cb-1"></a>**CB-1** States \`closed\` and \`open\`.
- <a id="cb-2"></a>**CB-2** Not open for ever.
`;

const source = `/**
 * Keeps a door, in the words of CB-1.
 *
 * - It says {@link sampleDoor}.
 *
 * Requirements: CB-1.
 *
 * @module
 */
export interface SampleDoorContext extends Ajar {
  /** When it last moved. */
  readonly movedAtMs: number;
}
interface Ajar {
  readonly ajarSinceAtMs: number;
}
export type SampleDoorEvent =
  /** Somebody leans on it,
   * gently. */
  | { readonly type: 'push.felt'; readonly atMs: number };
`;

function doorMachine(description: string | undefined): AnyStateMachine {
  return setup({
    guards: { isLocked: () => false },
    actions: { noteMove: assign({}) },
  }).createMachine({
    id: 'sampleDoor',
    version: '3',
    description: 'Keeps a door.',
    initial: 'closed',
    states: {
      closed: {
        description: 'Shut | tight (CB-1).',
        tags: ['resting'],
        meta: { requirements: ['CB-1'] },
        on: { 'push.felt': [{ guard: 'isLocked' }, { target: 'open', actions: ['noteMove'] }] },
      },
      open: { ...(description === undefined ? {} : { description }), entry: ['noteMove'] },
    },
  });
}

function build(machine: AnyStateMachine) {
  return buildDocs({
    machines: [machine],
    requirementsPage,
    code: [{ path: 'machines/door/sampleDoorMachine.ts', text: source }],
    tests: [{ path: 'test/door.test.ts', text: "test('CB-1, CB-2 the door', () => {" }],
  });
}

test('OB-3 a page says what the chart and the comments of its source say, the same every time', () => {
  const { pages, faults } = build(doorMachine('Wide.'));
  expect(faults).toEqual([]);
  expect(build(doorMachine('Wide.')).pages).toEqual(pages);
  const page = pages.find(({ path }) => path === 'docs/machines/sampleDoor.md')?.text ?? '';
  for (const line of [
    '# Sample door',
    'Keeps a door, in the words of [CB-1](../requirements.md#cb-1).',
    '- It says `sampleDoor`.',
    'Version: 3.',
    '  s_closed --> s_open : push.felt',
    '| `closed` | Shut \\| tight ([CB-1](../requirements.md#cb-1)). | `resting` | [CB-1](../requirements.md#cb-1) |',
    '| `closed` | `push.felt` | `isLocked` |  | *stays* |',
    '| `closed` | `push.felt` |  | `noteMove` | `open` |',
    '| `push.felt` | Somebody leans on it, gently. | `closed` |',
    '| Guard | Rule |',
    '| `isLocked` | `() => false` |',
    '| `noteMove` | entering `open`, on `push.felt` |',
    '| `ajarSinceAtMs` |  |',
    '| `movedAtMs` | When it last moved. |',
    '| [CB-1](../requirements.md#cb-1) | `closed` | [test/door.test.ts](../../test/door.test.ts) |',
  ]) {
    expect(page).toContain(line);
  }
  expect(page).not.toContain('@module');
});

test('OB-3 a state without description is a fault, wherever else the page is fine', () => {
  expect(build(doorMachine(undefined)).faults).toEqual([
    'machines/door/sampleDoorMachine.ts: state sampleDoor.open has no description',
  ]);
});

test('OB-3 a chart that cites no known requirement, or lies elsewhere, is a fault', () => {
  const machine = doorMachine('Wide.');
  const input = { machines: [machine], requirementsPage: '', tests: [] };
  const code = [{ path: 'machines/door/sampleDoorMachine.ts', text: source }];
  expect(buildDocs({ ...input, code }).faults).toEqual([
    'docs/requirements.md holds no requirement',
    'machines/door/sampleDoorMachine.ts: there is no requirement CB-1',
  ]);
  expect(buildDocs({ ...input, requirementsPage, code: [] }).faults).toEqual([
    'machine sampleDoor is in no file sampleDoorMachine.ts of machines/',
  ]);
});

test('OB-3 a requirement that no code carries or no test proves is reported', () => {
  expect(build(doorMachine('Wide.')).notes).toEqual(['no code carries CB-2']);
});

test('OB-3 requirement ids are read from titles only where they begin one', () => {
  expect([...idsInTitles(`test('CB-1 opens', () => { see('about CB-9'); });`)]).toEqual(['CB-1']);
  expect([...idsInTitles('test.prop([fc.nat()])(\n  `OP-10 and RT-2 hold`,')]).toEqual([
    'OP-10',
    'RT-2',
  ]);
  expect(parseRequirements(requirementsPage).map(({ id }) => id)).toEqual(['CB-1', 'CB-2']);
});

test('OB-3 comments are found beside what they speak of, and nowhere else', () => {
  expect(headerOf('export const a = 1;\n/** Late. */')).toEqual([]);
  expect(commentOn('/** First. */ one: 1,\n two: 2', 'two')).toBe('');
  expect(commentOn('/** Grouped. */\n | ({ readonly type: "x" })', 'x')).toBe('');
  expect(commentOn("/** Grouped. */\n | ({ readonly type: 'x.y' })", 'x.y')).toBe('Grouped.');
  expect(instantsOf(['interface FooContext extends Bar, Baz {\n}'])).toEqual([]);
});
