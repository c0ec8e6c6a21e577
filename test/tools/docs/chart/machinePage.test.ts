import { expect, test } from 'vitest';
import { buildDocs } from '../../../../tools/docs/buildDocs.ts';
import { coverageOf, door, doorInput, doorModel } from '../../../support/docs/doorDocs.ts';

function page(more: Parameters<typeof doorInput>[0] = {}): string {
  const { pages } = buildDocs(doorInput(more));
  return pages.find(({ path }) => path === 'docs/machines/sampleDoor.md')?.text ?? '';
}

function expectLines(text: string, lines: readonly string[]): void {
  for (const line of lines) expect(text).toContain(line);
}

test('OB-3 a page begins with what the head of the file says, the chart, its version and its hash', () => {
  const text = page();
  expectLines(text, [
    '# Sample door',
    'Keeps a door, in the words of [CB-1](../requirements.md#cb-1).',
    '- It says `sampleDoor`.',
    '  s_closed --> s_open : push.felt',
    `Version: 3. Hash: \`${doorModel(door()).hash}\`.`,
  ]);
  expect(text).not.toContain('@module');
});

test('OB-3 where the chart is drawn, the picture stands for it', () => {
  const pictures = [{ path: 'docs/machines/sampleDoor.svg', text: '<svg/>' }];
  expectLines(page({ pictures }), [
    '![Statechart of Sample door: 2 states, 5 transitions. All of them are in words below.](sampleDoor.svg)',
  ]);
});

test('OB-3 plain words: meaning, how long, what goes on, and what each event leads to, without code', () => {
  expectLines(page(), [
    'It begins in [closed](#state-closed).',
    [
      '### <a id="state-closed"></a>Closed',
      'Shut | tight ([CB-1](../requirements.md#cb-1)).',
      '*How long:* Until somebody leans on it.',
      '- Somebody leans on it, gently.\n  - <a id="t1"></a>if nobody has the key → it stays: says how\n  - <a id="t2"></a>else, if it is as heavy as that ([CB-2](../requirements.md#cb-2)) → nothing changes\n  - <a id="t3"></a>else → [open](#state-open)',
      '### <a id="state-open"></a>Open',
      'Wide.',
      '*Meanwhile:* Looks who is there.',
      '*How long:* A minute.',
      '- <a id="t4"></a>It has been open for long. → [closed](#state-closed)\n- <a id="t5"></a>What runs meanwhile has ended. → [closed](#state-closed)',
      '## What comes by itself',
    ].join('\n\n'),
  ]);
});

test('OB-3 tables: guards with their parameters, actions, events, instants', () => {
  expectLines(page(), [
    'Of its 5 transitions, tests of the chart take 5, and runtimes of tests take 5',
    '| <a id="guard-isheavy"></a>[`isHeavy`](../../machines/door/sampleDoorMachine.ts#L35) | It is as heavy as that (CB-2). | `kilograms=20` | [T2](#t2) |',
    '| <a id="action-say"></a>[`say`](../../machines/door/sampleDoorMachine.ts#L41) | Says how. | `how=loud` | [T1](#t1) |',
    '| <a id="action-notemove"></a>[`noteMove`](../../machines/door/sampleDoorMachine.ts#L39) | Notes that it has moved. |  | entering `open`, [T3](#t3) |',
    '| `push.felt` | Somebody leans on it, gently. | [T1](#t1), [T2](#t2), [T3](#t3) |',
    '| `close.due` | It has been open for long. | [T4](#t4) |',
    '| `movedAtMs` | When it last moved. |',
    '| `resting` | Nobody is near. | `closed` |',
    '| `open` | `look` | Looks who is there. |',
  ]);
});

test('OB-3 where the runtime never takes a transition in a test, the page says why', () => {
  const model = doorModel(door());
  const label = model.transitions[0]?.label ?? '';
  const coverage = coverageOf([model], [{ label, reason: 'No house has such a door.' }]);
  expect(page({ coverage })).toContain(
    'No runtime of a test takes these, for a reason:\n\n- [T1](#t1): No house has such a door.',
  );
});

test('OB-4 approvals are shown, and void where the chart has changed since', () => {
  expect(page()).toContain('Nobody has approved this version yet.');
  const { hash } = doorModel(door());
  const approval = { machine: 'sampleDoor', version: '1', name: 'A. Nurse', role: 'clinician' };
  const approvals = JSON.stringify({
    format: 1,
    approvals: [
      { ...approval, hash: 'sha256:old', date: '2026-01-02', note: 'Short.' },
      { ...approval, hash, date: '2026-03-04' },
      { ...approval, machine: 'other', hash, date: '2026-03-05' },
    ],
  });
  expectLines(page({ approvals }), [
    'This version is approved.',
    '| A. Nurse | clinician | 2026-03-04 | holds |  |\n| A. Nurse | clinician | 2026-01-02 | void: the chart has changed since | Short. |',
  ]);
  const odd = approvals.replaceAll('A. Nurse', '[A](x:) | <b> `N` *s*');
  expect(page({ approvals: odd })).toContain(
    '| \\[A\\](x:) \\| \\<b\\> \\`N\\` \\*s\\* | clinician | 2026-03-04 |',
  );
  expect(page({ approvals: approvals.replace(hash, 'sha256:older') })).toContain(
    'This version is not approved: earlier ones were.',
  );
});
