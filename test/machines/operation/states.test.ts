import { expectTypeOf, test } from 'vitest';
import type {
  SyncOperationSnapshot,
  SyncOperationState,
} from '../../../machines/operation/syncOperationMachine.ts';

test('OP-1 the states that are written out are those of the chart', () => {
  expectTypeOf<SyncOperationState>().toEqualTypeOf<SyncOperationSnapshot['value']>();
});
