import { expect, test } from 'vitest';
import { countedByStage, STAGES, stageOf } from '../../../machines/operation/stage.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';

const STATES = OPERATION_STATES;

test('OP-10 every state is in one stage, and every stage has a state', () => {
  expect(new Set(STATES.map(stageOf))).toEqual(new Set(STAGES));
  const inStage = (stage: string) => STATES.filter((state) => stageOf(state) === stage);
  expect(inStage('ended')).toEqual(['completed', 'cancelled', 'expired']);
  for (const stage of STAGES.slice(1, -1)) expect(inStage(stage)).toEqual([stage]);
});

test('OP-10 what stands somewhere is in one stage', () => {
  const standings = { inHand: 1, due: 20, held: 30, settled: 4, deadLettered: 5, quarantined: 6 };
  const blocked = { handler: 2, conflict: 3, review: 7, rate: 11, startAt: 1 };
  expect(countedByStage(standings, blocked)).toEqual({
    ...{
      ready: 7,
      inLane: 20,
      scheduled: 1,
      rateLimited: 11,
      handlerMissing: 2,
      conflicted: 3,
      inReview: 7,
    },
    ...{ deadLettered: 5, ended: 4 },
  });
});
