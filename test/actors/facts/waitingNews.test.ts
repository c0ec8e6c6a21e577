import { expect, test } from 'vitest';
import { tellOfWaiting } from '../../../actors/facts/alerts.ts';
import type { FactKind } from '../../../actors/facts/fact.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { OperationHarness } from '../../support/harness/operationHarness.ts';

function listening() {
  const clock = new VirtualClock();
  const facts = new FactStream(clock);
  const told: (readonly [kind: FactKind, message: string])[] = [];
  tellOfWaiting({
    facts,
    clock,
    onAlert: (error, kind) => {
      if (isHoldfastError(error)) told.push([kind, error.message]);
    },
  });
  return { clock, facts, told };
}

const { context } = new OperationHarness();
const about = {
  conflictId: 'c-1',
  operationId: 'operation-1',
  type: 'plans.put',
  upstream: 'records',
  entityType: 'crisis_plan',
};

test('CF-6 CF-8 an edit that is merged is told of only where somebody has to decide', async () => {
  const { clock, facts, told } = listening();
  facts.emit('operation.parked', { ...context, isEdit: true }, 'records', 'conflict', 'conflict');
  await clock.advance(60_000);
  expect(told).toEqual([]);
  facts.emit('conflict.awaitsReview', about, 'conflict', 1, true);
  await clock.advance(1);
  facts.emit('conflict.quarantined', { ...about, conflictId: 'c-2' }, 'mergeFailed');
  facts.emit('conflict.awaitsReview', { ...about, conflictId: 'c-3' }, 'conflict', 1, false);
  // Decided before anybody was told of it.
  facts.emit('conflict.resolved', { ...about, conflictId: 'c-3' }, null, 5);
  await clock.advance(60_000);
  expect(told.map(([kind, message]) => [kind, message.split(':')[0]])).toEqual([
    ['conflict.awaitsReview', 'Conflict c-1 waits for a decision'],
    ['conflict.awaitsReview', 'Conflict c-2 waits for a decision'],
  ]);
});

test('CF-6 control: what is no edit waits for somebody at once', async () => {
  const { clock, facts, told } = listening();
  facts.emit('operation.parked', context, 'records', 'conflict', 'conflict');
  await clock.advance(1);
  expect(told.map(([kind, message]) => [kind, message.split(':')[0]])).toEqual([
    ['operation.parked', 'Operation operation-1 waits as conflicted'],
  ]);
});
