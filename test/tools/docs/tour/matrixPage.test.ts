import { expect, test } from 'vitest';
import { buildDocs } from '../../../../tools/docs/buildDocs.ts';
import { doorInput } from '../../../support/docs/doorDocs.ts';

test('OB-3 the matrix leads from requirements to states, rules, code and tests, and back', () => {
  const notBuilt = [{ id: 'CB-2', missing: 'In part: it has no lock.' }];
  const { pages } = buildDocs(doorInput({ notBuilt }));
  const text = pages.find(({ path }) => path === 'docs/machines/matrix.md')?.text ?? '';
  for (const lines of [
    '| [CB-2](../requirements.md#cb-2) | In part: it has no lock. |',
    [
      '### <a id="cb-1"></a>CB-1',
      'States `closed` and `open`. ([all of it](../requirements.md#cb-1))',
      [
        '- **States:** Sample door: [`closed`](sampleDoor.md#state-closed)',
        '- **Guards and actions:** [`isLocked`](sampleDoor.md#guard-islocked), [`noteMove`](sampleDoor.md#action-notemove), [`say`](sampleDoor.md#action-say)',
        '- **Code:** `machines/door/` [sampleDoorMachine](../../machines/door/sampleDoorMachine.ts)',
        '- **Tests:** `test/` [door](../../test/door.test.ts)',
      ].join('\n'),
    ].join('\n\n'),
    '| [`open`](sampleDoor.md#state-open) | [CB-2](#cb-2) |',
    '| [`isHeavy`](sampleDoor.md#guard-isheavy) | [CB-2](#cb-2) |',
    '### `test`\n\n| Test file | Proves |\n| --- | --- |\n| [door](../../test/door.test.ts) | [CB-1](#cb-1), [CB-2](#cb-2) |',
    '| [CB-1](#cb-1) | yes | 1 | 3 | 1 | 1 |',
    '| [CB-2](#cb-2) | in part | 1 |',
  ]) {
    expect(text).toContain(lines);
  }
});
