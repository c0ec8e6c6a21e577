import { expect, test } from 'vitest';
import { allStates } from '../../../inspector/charts/transitions.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';

const tagged = new Map(allStates(syncOperationMachine).map((node) => [node.key, node.tags]));

test('PS-2 every state is a barrier, rests, or has ended; the two in hand come back as ordered', () => {
  const others = [...tagged].filter(([, tags]) => tags.length !== 1).map(([key]) => key);
  expect(others).toEqual(['syncOperation', 'suspect', 'attempting', 'rejected', 'duplicate']);
});
