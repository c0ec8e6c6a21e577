/**
 * Random histories of an operation, with restarts, downtime, cancels, expiry, retries and conflicts: each step is taken
 * by the chart and by the reference, and what must hold is looked at after each.
 *
 * @module
 */

import fc from 'fast-check';
import { expect } from 'vitest';
import { keyOfRound } from '../../../machines/operation/keys.ts';
import type { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { FAILURE_CLASSES } from '../../../machines/policy/retry/classifyFailure.ts';
import { OperationHarness, START_MS } from './operationHarness.ts';
import type { Facts } from './referenceFacts.ts';
import { ReferenceOperation } from './referenceOperation.ts';

export const ATTEMPTS_MAX = 3;
/** Of these there have to be many, for an operation to come to its last attempt. */
const TRANSIENT = ['transient', 'transient', 'transient'] as const;

const plain = (
  weight: number,
  ...kinds: readonly (
    | 'commitNext'
    | 'commit'
    | 'revoke'
    | 'overhang'
    | 'exhaust'
    | 'giveUp'
    | 'laneFreed'
    | 'startDue'
    | 'handlerMissing'
    | 'handlerRegistered'
    | 'succeed'
    | 'interrupt'
    | 'refuseRepeat'
    | 'stop'
    | 'retryNow'
    | 'cancel'
    | 'expire'
    | 'compare'
    | 'findConflict'
    | 'findApplied'
    | 'refuseConflict'
  )[]
) => ({ weight, arbitrary: fc.record({ kind: fc.constantFrom(...kinds) }) });

const anyStep = fc.oneof(
  plain(16, 'commit'),
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('grant' as const),
      wasOutage: fc.constantFrom(true, false, false),
      // Its handler may be another than it was when it was accepted.
      isEdit: fc.constantFrom(undefined, undefined, undefined, undefined, true, false),
    }),
  },
  plain(6, 'commitNext', 'retryNow'),
  plain(4, 'laneFreed', 'startDue', 'handlerRegistered', 'interrupt', 'stop'),
  plain(12, 'compare'),
  plain(2, 'handlerMissing', 'refuseRepeat', 'succeed', 'revoke', 'overhang', 'findConflict'),
  plain(1, 'cancel', 'expire', 'exhaust', 'giveUp', 'findApplied', 'refuseConflict'),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('replay' as const), isEdited: fc.boolean() }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('merge' as const),
      // Most often the next round; some that was there already, and one that leaves one out.
      ahead: fc.constantFrom(1, 1, 1, 0, -1, 2),
      isOutcomeKnown: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pend' as const), retryInMs: fc.nat(60_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('limit' as const), waitMs: fc.nat(10_000) }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      failureClass: fc.constantFrom(...FAILURE_CLASSES, ...TRANSIENT),
      retryInMs: fc.nat(60_000),
      isRepeatSafe: fc.boolean(),
      status: fc.constantFrom(undefined, undefined, 429, 500),
      notApplied: fc.constantFrom(true, false, false, false),
      isUpstreamWell: fc.boolean(),
      isDoubted: fc.constantFrom(true, false, false, false),
      upMs: fc.nat(1_100_000),
      conflictIs: fc.constantFrom(undefined),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      failureClass: fc.constant('transient' as const),
      retryInMs: fc.nat(60_000),
      isRepeatSafe: fc.boolean(),
      status: fc.constant(409),
      notApplied: fc.constant(false),
      isUpstreamWell: fc.boolean(),
      isDoubted: fc.constantFrom(true, false, false, false),
      upMs: fc.nat(1_100_000),
      conflictIs: fc.constantFrom(undefined, 'unlikely' as const, 'possible' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      // The clock may also have been set back while it was down.
      downMs: fc.integer({ min: -60_000, max: 3_600_000 }),
      wasAlone: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('crashInFlight' as const),
      times: fc.integer({ min: 1, max: 7 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('failInARow' as const),
      times: fc.integer({ min: 1, max: 4 }),
      conflictIs: fc.constantFrom(undefined, 'unlikely' as const, 'possible' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(60_000) }) },
);
/** An answer of an upstream that is well, and that the attempts are counted for. */
const ANSWERED = {
  kind: 'fail',
  failureClass: 'transient',
  retryInMs: 1_000,
  isRepeatSafe: true,
  status: 409,
  notApplied: false,
  isUpstreamWell: true,
  isDoubted: false,
  upMs: 1_000,
} as const;

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** The steps at whose end there is another process. */
const RESTARTS: ReadonlySet<string> = new Set(['restart', 'crashInFlight']);

const anyStart = fc.record({
  turn: fc.constantFrom(
    ...([
      'granted',
      'granted',
      'awaitsUpstream',
      'awaitsLane',
      'awaitsHandler',
      'awaitsStart',
    ] as const),
  ),
  isEdit: fc.boolean(),
  startsInMs: fc.option(fc.integer({ min: 1, max: 100_000 })),
  expiresInMs: fc.option(fc.nat(200_000)),
});

/** The same step for the operation and for the reference. */
function take(step: Step, operation: OperationHarness, reference: ReferenceOperation): void {
  const { nowMs } = operation;
  switch (step.kind) {
    case 'commitNext':
      operation.commitNext();
      reference.commitNext(nowMs);
      break;
    case 'commit':
      operation.commit();
      while (reference.queue.length > 0) reference.commitNext(nowMs);
      break;
    case 'grant':
      operation.grant(step.wasOutage, step.isEdit);
      reference.grant(step.wasOutage, step.isEdit);
      break;
    case 'revoke':
      operation.tell('turn.revoked');
      reference.revoke(nowMs);
      break;
    case 'overhang':
      operation.tell('attempt.overhangs');
      reference.overhang(nowMs);
      break;
    case 'exhaust':
      operation.tell('attempts.exhausted');
      reference.exhaust(nowMs);
      break;
    case 'giveUp':
      operation.tell('giveup.due');
      reference.endAtTurn();
      break;
    case 'limit':
      operation.limit(step.waitMs);
      reference.limitRate(nowMs, step.waitMs);
      break;
    case 'laneFreed':
      operation.tell('lane.freed');
      reference.laneFreed(nowMs);
      break;
    case 'startDue':
      operation.tell('start.due');
      reference.startDue(nowMs);
      break;
    case 'handlerMissing':
      operation.tell('handler.missing');
      reference.handlerMissing(nowMs);
      break;
    case 'refuseRepeat':
      operation.tell('repeat.unsafe');
      reference.refuseRepeat(nowMs);
      break;
    case 'handlerRegistered':
      operation.tell('handler.registered');
      reference.handlerRegistered(nowMs);
      break;
    case 'succeed':
      operation.succeed();
      reference.succeed();
      break;
    case 'fail':
      operation.fail(step.failureClass, step);
      reference.fail(step, nowMs + step.retryInMs, nowMs);
      break;
    case 'interrupt':
      operation.tell('attempt.interrupted');
      reference.interrupt(nowMs);
      break;
    case 'stop':
      operation.send({ type: 'process.stopping' });
      reference.stop();
      break;
    case 'retryNow':
      operation.tell('retry.requested');
      reference.retryNow(nowMs);
      break;
    case 'cancel':
      operation.tell('cancel.requested');
      reference.cancel(nowMs);
      break;
    case 'expire':
      operation.tell('expiry.due');
      reference.expire();
      break;
    case 'replay': {
      const idempotencyKey = step.isEdited ? `key-of-replay-${operation.replays}` : null;
      operation.replay({ idempotencyKey });
      reference.replay(idempotencyKey, nowMs);
      break;
    }
    case 'compare':
      operation.compare();
      reference.compare();
      break;
    case 'findConflict':
      operation.tell('conflict.found');
      reference.findConflict(nowMs);
      break;
    case 'merge': {
      const round = (operation.context.round ?? 0) + step.ahead;
      operation.merge(round, step.isOutcomeKnown);
      reference.merge(round, step.isOutcomeKnown, nowMs);
      break;
    }
    case 'findApplied':
      operation.tell('conflict.applied');
      reference.findApplied();
      break;
    case 'pend':
      operation.pend(step.retryInMs);
      reference.pend(nowMs + step.retryInMs, nowMs);
      break;
    case 'refuseConflict':
      operation.refuseConflict();
      reference.refuseConflict();
      break;
    case 'restart':
      operation.restart(step.downMs, step.wasAlone);
      reference.restart(operation.nowMs, step.wasAlone);
      break;
    case 'crashInFlight':
      for (let time = 0; time < step.times && !reference.isOver; time += 1) {
        take({ kind: 'grant', wasOutage: false, isEdit: undefined }, operation, reference);
        take({ kind: 'compare' }, operation, reference);
        take({ kind: 'commit' }, operation, reference);
        take({ kind: 'restart', downMs: 0, wasAlone: true }, operation, reference);
      }
      break;
    case 'failInARow':
      for (let time = 0; time < step.times && !reference.isOver; time += 1) {
        take({ kind: 'grant', wasOutage: false, isEdit: undefined }, operation, reference);
        take({ kind: 'compare' }, operation, reference);
        take({ kind: 'commit' }, operation, reference);
        take({ ...ANSWERED, conflictIs: step.conflictIs }, operation, reference);
        take({ kind: 'commit' }, operation, reference);
      }
      break;
    case 'wait':
      operation.wait(step.ms);
  }
}

function factsOf({ state, context, history }: OperationHarness): Facts {
  const { attempt, isSpent, crashes, isOutcomeUnknown, wakeAtMs, ending } = context;
  const { unspentFailures = 0, isSingledOut = false, failedAtMs, upMark, rate } = context;
  const counts = {
    attempt,
    isSpent,
    unspentFailures,
    isSingledOut,
    crashes,
    key: keyOfRound(context),
    isCompared: context.isCompared === true,
    isEdit: context.isEdit === true,
    isOrdered: context.firstAttemptAtMs !== null,
    isToBeJudged: failedAtMs !== undefined,
    upMarkMs: upMark?.upMs ?? null,
    workMarkMs: context.workMark?.upMs ?? null,
    hasMetConflict: ending === null && context.failure?.conflictIs !== undefined,
    rateDueAtMs: rate?.dueAtMs ?? null,
    sinceAtMs: context.sinceAtMs ?? null,
    startAtMs: context.startAtMs ?? null,
  };
  return { state, ...counts, isOutcomeUnknown, wakeAtMs, ending, history };
}

/** What must hold whatever the reference says. */
export function expectSafe(operation: OperationHarness, steps: readonly Step[]): void {
  const { begun, row, context } = operation;
  expect(operation.running).toBe(operation.state === 'attempting' && !operation.isOver ? 1 : 0);
  // What is kept is never an attempt under way, nor a suspect: both come back as ordered.
  expect(['attempting', 'overhanging', 'suspect', 'comparing']).not.toContain(row?.value);
  for (const [i, { number, onDisk, replays }] of begun.entries()) {
    // State before effect (PS-2): this very attempt was on disk, ordered, when it began.
    expect(onDisk?.value).toBe('ordering');
    expect(onDisk?.context).toMatchObject({ attempt: number, isSpent: false });
    // Its number never goes back (RT-4), but for a replay.
    const before = begun[i - 1];
    const least = before?.replays === replays ? before.number : 1;
    expect(number).toBeGreaterThanOrEqual(least);
  }
  expectOneBody(operation);
  const asked = steps.filter(({ kind }) => kind === 'retryNow').length;
  // What may lie in an outage is judged at its next turn, which these histories grant all the same.
  const judgedLater = steps.filter(
    (step) => step.kind === 'fail' && (step.isDoubted || step.failureClass === 'unknownOutcome'),
  ).length;
  expect(context.attempt).toBeLessThanOrEqual(ATTEMPTS_MAX + asked + judgedLater);
}

/** One key is one body, on disk before it goes out (OP-3); an edit is compared before that (CF-6). */
function expectOneBody({ begun }: OperationHarness): void {
  const bodies = new Map<string, number>();
  /** Keys under which it was ordered first as an edit: to the handler that it had then. */
  const ofEdits = new Map<string, boolean>();
  for (const { key, body, isCompared, isEdit, inDoubt, onDisk, isCalled } of begun) {
    const isOfEdit = ofEdits.get(key) ?? isEdit;
    ofEdits.set(key, isOfEdit);
    if (!isCalled) continue;
    // What may have been applied goes out again as it was, if at all (RT-2).
    expect(key).toBe(inDoubt ?? key);
    if (isOfEdit) expect([key, isCompared]).toEqual([key, true]);
    expect(onDisk?.body).toBe(body);
    if (onDisk?.context.isEdit === true) expect(onDisk.context.isCompared).toBe(true);
    expect([key, bodies.get(key) ?? body]).toEqual([key, body]);
    bodies.set(key, body);
  }
}

/** Given its turns, its commits and an upstream that answers, it ends. */
function expectLive(operation: OperationHarness): void {
  for (let i = 0; i < 4 && !operation.isOver; i += 1) {
    operation.commit();
    operation.tell('lane.freed');
    operation.tell('handler.registered');
    operation.tell('start.due');
    operation.tell('retry.requested');
    // Whoever cancelled it hears in the end that its handler has returned.
    operation.tell('attempt.interrupted');
    operation.commit().grant().compare().commit().succeed();
  }
  expect(operation.commit().isOver).toBe(true);
}

export function checkHistories(
  machine: typeof syncOperationMachine,
  options: { numRuns?: number; seed?: number; path?: string; endOnFailure?: boolean },
): void {
  fc.assert(
    fc.property(anyStart, fc.array(anyStep, { maxLength: 60, size: 'max' }), (start, steps) => {
      const { turn, isEdit, expiresInMs, startsInMs } = start;
      // What has its turn, or waits for it, is to begin at once.
      const isAtOnce = turn === 'granted' || turn === 'awaitsUpstream' || startsInMs === null;
      const startAtMs = isAtOnce ? undefined : START_MS + startsInMs;
      const expiresAtMs = expiresInMs === null ? null : START_MS + expiresInMs;
      const operation = new OperationHarness(
        { turn, expiresAtMs, startAtMs, isEdit: isEdit || undefined, attemptsMax: ATTEMPTS_MAX },
        machine,
      );
      const reference = new ReferenceOperation({
        turn,
        attemptsMax: ATTEMPTS_MAX,
        expiresAtMs,
        startAtMs,
        isEdit,
        nowMs: operation.nowMs,
      });
      for (const step of steps) {
        if (reference.isOver && step.kind !== 'replay') continue;
        take(step, operation, reference);
        expect(operation.isOver).toBe(reference.isOver);
        // One that is over in this process tells nothing more that matters.
        if (RESTARTS.has(step.kind) && reference.isOver) continue;
        expect(factsOf(operation)).toEqual(reference.facts);
        expect(operation.begun.map(({ number }) => number)).toEqual(reference.begun);
        expectSafe(operation, steps);
      }
      expectLive(operation);
    }),
    options,
  );
}
