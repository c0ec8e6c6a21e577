/**
 * Operations that are to begin later (OP-13).
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { isOfStart, OperationHarness, START_MS } from '../../support/harness/operationHarness.ts';

const START_AT_MS = START_MS + 60_000;

const scheduled = (options: ConstructorParameters<typeof OperationHarness>[0] = {}) =>
  new OperationHarness({ turn: 'awaitsStart', startAtMs: START_AT_MS, ...options }).commit();

const laterInLane = () =>
  new OperationHarness({ turn: 'awaitsLane', startAtMs: START_AT_MS }).commit();

/** Accepted for later, and without a handler when it is asked. */
const laterWithoutHandler = () =>
  new OperationHarness({ turn: 'awaitsHandler', startAtMs: START_AT_MS }).commit();

test('OP-13 it is on disk as accepted, and nothing but its time begins it', () => {
  const operation = scheduled();
  expect(operation.state).toBe('scheduled');
  expect(operation.row).toMatchObject({ value: 'scheduled', standing: 'due', revision: 1 });
  operation.grant().tell('lane.freed');
  operation.tell('handler.registered');
  expect(operation.state).toBe('scheduled');
  operation.wait(60_000).tell('start.due');
  expect(operation.state).toBe('waiting');
  operation.commit();
  expect(operation.row).toMatchObject({ value: 'waiting', standing: 'due', revision: 2 });
  expect(operation.context).toMatchObject({ wakeAtMs: START_AT_MS, sinceAtMs: START_AT_MS });
  expect(operation.context.startAtMs).toBeUndefined();
  expect(operation.grant().commit().succeed().commit().state).toBe('completed');
});

test('OP-13 RT-4 a restart changes nothing of that', () => {
  const operation = scheduled().restart(1_000);
  expect([operation.state, operation.context.startAtMs]).toEqual(['scheduled', START_AT_MS]);
  operation.tell('start.due');
  expect(operation.state).toBe('waiting');
});

test('OP-13 OP-5 a person begins it at once, and it keeps to that', () => {
  const operation = scheduled();
  operation.tell('retry.requested');
  expect([operation.state, operation.context.startAtMs]).toEqual(['waiting', undefined]);
  operation.tell('handler.missing');
  operation.tell('handler.registered');
  expect(operation.state).toBe('waiting');
});

test.each([
  ['cancel.requested', 'cancelled'],
  ['expiry.due', 'expired'],
] as const)('OP-13 OP-5 while it waits, %s ends it', (event, ending) => {
  const operation = scheduled();
  operation.tell(event);
  expect(operation.commit().state).toBe(ending);
  expect(operation.begun).toEqual([]);
});

describe('OP-13 OP-4 OP-7 what it waits for first', () => {
  test.each([
    ['lane.freed', laterInLane],
    ['handler.registered', laterWithoutHandler],
  ] as const)('%s before its time: it waits for that', (event, make) => {
    const operation = make().wait(59_999);
    operation.tell(event);
    expect(operation.state).toBe('scheduled');
    expect(operation.context.sinceAtMs).toBe(operation.nowMs);
    operation.commit();
    expect(operation.row).toMatchObject({ value: 'scheduled', standing: 'due' });
  });

  test.each([
    ['lane.freed', laterInLane],
    ['handler.registered', laterWithoutHandler],
  ] as const)('%s at its time: it waits for its turn', (event, make) => {
    const operation = make().wait(60_000);
    operation.tell(event);
    expect([operation.state, operation.context.startAtMs]).toEqual(['waiting', undefined]);
  });

  test('a dead letter that comes back begins at once', () => {
    const operation = new OperationHarness({
      ...{ turn: 'awaitsHandler', startAtMs: START_AT_MS, isBoundToProcess: true },
    });
    operation.commit();
    expect(operation.state).toBe('deadLettered');
    expect(operation.replay().context.startAtMs).toBeUndefined();
  });
});

test('OB-3 every transition of these was taken', () => {
  const { seen, missing } = transitionsTaken(syncOperationMachine);
  expect(missing.filter(isOfStart)).toEqual([]);
  expect(seen.filter(isOfStart).length).toBeGreaterThan(4);
});
