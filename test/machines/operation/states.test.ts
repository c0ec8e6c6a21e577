import { expectTypeOf, test } from 'vitest';
import type {
  SyncOperationSnapshot,
  SyncOperationState,
} from '../../../machines/operation/syncOperationMachine.ts';
import type { Innermost } from '../../../machines/vocabulary/innermost.ts';

test('OP-1 the states that are written out are those of the chart', () => {
  expectTypeOf<SyncOperationState>().toEqualTypeOf<Innermost<SyncOperationSnapshot['value']>>();
});
