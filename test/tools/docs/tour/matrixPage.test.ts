import { expect, test } from 'vitest';
import { buildDocs } from '../../../../tools/docs/buildDocs.ts';
import { doorInput } from '../../../support/docs/doorDocs.ts';

test('OB-3 the matrix leads from requirements to states, rules, code and tests', () => {
  const notBuilt = [{ id: 'CB-2', missing: 'In part: it has no lock.' }];
  const { pages } = buildDocs(doorInput({ notBuilt }));
  const text = pages.find(({ path }) => path === 'docs/machines/matrix.md')?.text ?? '';
  for (const lines of [
    '| [CB-2](../requirements.md#cb-2) | In part: it has no lock. |',
    '| <a id="cb-1"></a>[CB-1](../requirements.md#cb-1) | yes | [sampleDoor](sampleDoor.md#state-closed) | [`isLocked`](sampleDoor.md#guard-islocked)×3 | [sampleDoorMachine](../../machines/door/sampleDoorMachine.ts) | [door](../../test/door.test.ts) |',
    '| <a id="cb-2"></a>[CB-2](../requirements.md#cb-2) | in part | [sampleDoor](sampleDoor.md#state-open) | [`isHeavy`](sampleDoor.md#guard-isheavy)×2 |',
  ]) {
    expect(text).toContain(lines);
  }
});
