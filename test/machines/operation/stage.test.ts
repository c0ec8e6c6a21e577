import { expect, test } from 'vitest';
import { STAGES, stageOf } from '../../../machines/operation/stage.ts';
import {
  type SyncOperationState,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';

const STATES = Object.keys(syncOperationMachine.states) as readonly SyncOperationState[];

test('OP-10 every state is in one stage, and every stage has a state', () => {
  expect(new Set(STATES.map(stageOf))).toEqual(new Set(STAGES));
  const inStage = (stage: string) => STATES.filter((state) => stageOf(state) === stage);
  expect(inStage('ended')).toEqual(['completed', 'cancelled', 'expired']);
  for (const stage of STAGES.slice(1, -1)) expect(inStage(stage)).toEqual([stage]);
});
