import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign } from 'xstate';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type { CrisisDeliveryState } from '../../../machines/crisis/crisisState.ts';
import { FAILURE_CLASSES } from '../../../machines/policy/retry/classifyFailure.ts';
import { CrisisHarness, FAST_ATTEMPTS_MAX } from '../../support/harness/crisisHarness.ts';
import { type CrisisFacts, ReferenceCrisis } from '../../support/harness/referenceCrisis.ts';

const plain = (
  weight: number,
  ...kinds: readonly (
    | 'grant'
    | 'due'
    | 'commit'
    | 'commitNext'
    | 'retryNow'
    | 'handlerMissing'
    | 'handlerRegistered'
    | 'succeed'
    | 'interrupt'
    | 'callOff'
  )[]
) => ({ weight, arbitrary: fc.record({ kind: fc.constantFrom(...kinds) }) });

const anyStep = fc.oneof(
  plain(20, 'grant'),
  plain(16, 'due', 'commit'),
  plain(4, 'commitNext', 'handlerRegistered', 'interrupt', 'retryNow'),
  plain(2, 'handlerMissing'),
  plain(1, 'succeed', 'callOff'),
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      failureClass: fc.constantFrom(...FAILURE_CLASSES),
      status: fc.constantFrom(undefined, 429, 500),
      retryInMs: fc.nat(60_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      // The clock may also have been set back while it was down.
      downMs: fc.integer({ min: -60_000, max: 3_600_000 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(60_000) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** The same step for the crisis and for the reference. */
function take(step: Step, crisis: CrisisHarness, reference: ReferenceCrisis): void {
  const { nowMs } = crisis;
  switch (step.kind) {
    case 'grant':
      crisis.grant();
      reference.grant();
      break;
    case 'due':
      crisis.tell('retry.due');
      reference.again(false);
      break;
    case 'retryNow':
      crisis.tell('retry.requested');
      reference.again(true);
      break;
    case 'commit':
      crisis.commit();
      while (reference.queue.length > 0) reference.commitNext();
      break;
    case 'commitNext':
      crisis.commitNext();
      reference.commitNext();
      break;
    case 'handlerMissing':
      crisis.tell('handler.missing');
      reference.handlerMissing();
      break;
    case 'handlerRegistered':
      crisis.tell('handler.registered');
      reference.handlerRegistered();
      break;
    case 'succeed':
      crisis.tell('attempt.succeeded');
      reference.succeed();
      break;
    case 'interrupt':
      crisis.tell('attempt.interrupted');
      reference.interrupt(nowMs);
      break;
    case 'callOff':
      crisis.tell('callOff.requested');
      reference.callOff();
      break;
    case 'fail': {
      crisis.fail(step.failureClass, step);
      const isTrouble = step.failureClass === 'transient' && step.status === 500;
      const isUnknown = step.failureClass === 'unknownOutcome' || isTrouble;
      reference.fail(isUnknown, nowMs + step.retryInMs);
      break;
    }
    case 'restart':
      crisis.restart(step.downMs);
      reference.restart(crisis.nowMs);
      break;
    case 'wait':
      crisis.wait(step.ms);
  }
}

const PLACES: Readonly<Record<CrisisDeliveryState, Pick<CrisisFacts, 'at' | 'pace'>>> = {
  awaitingPlace: { at: 'line', pace: null },
  awaitingHandler: { at: 'noHandler', pace: null },
  attempting: { at: 'sent', pace: null },
  callingOff: { at: 'recalled', pace: null },
  fastBackoff: { at: 'waits', pace: 'fast' },
  escalating: { at: 'waits', pace: 'told' },
  pacing: { at: 'waits', pace: 'late' },
  delivered: { at: 'through', pace: null },
  calledOff: { at: 'calledOff', pace: null },
};

function factsOf({ delivery, context, history }: CrisisHarness): CrisisFacts {
  const { attempt, isSpent, crashes, isOutcomeUnknown, wakeAtMs, escalatedAtMs } = context;
  const wasTold = escalatedAtMs !== null;
  const counts = { attempt, isSpent, crashes, isOutcomeUnknown, wakeAtMs, wasTold };
  return { ...PLACES[delivery], ...counts, history };
}

/** What must hold whatever the reference says. */
function expectSafe({ delivery, record, running, asking, isOver, row, context }: CrisisHarness) {
  if (isOver) return;
  expect([running, asking]).toEqual([
    delivery === 'attempting' ? 1 : 0,
    delivery === 'awaitingPlace' && asking > 0 ? 1 : 0,
  ]);
  expect(row?.states.delivery).not.toBe('attempting');
  // Nothing but its delivery and a person ends it.
  expect([null, 'completed', 'cancelled']).toContain(context.ending);
  if (context.ending === 'cancelled') {
    expect(context.history.some(({ what }) => what === 'calledOff')).toBe(true);
  }
  // What is on disk is not said before it is there.
  if (record === 'durable') expect(row).not.toBeNull();
}

/** Given its handler, its places and an upstream that answers, it is delivered. */
function expectLive(crisis: CrisisHarness): void {
  if (crisis.isOver) return;
  crisis.tell('handler.registered').tell('retry.due').grant().tell('attempt.succeeded').commit();
  expect(crisis.isOver).toBe(true);
  expect(['delivered', 'calledOff']).toContain(crisis.delivery);
}

function check(
  machine: typeof crisisMachine,
  options: { numRuns: number; seed?: number; endOnFailure?: boolean },
): void {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
      const crisis = new CrisisHarness(machine);
      const reference = new ReferenceCrisis(crisis.nowMs, FAST_ATTEMPTS_MAX);
      for (const step of steps) {
        if (reference.isOver) break;
        take(step, crisis, reference);
        expect(crisis.isOver).toBe(reference.isOver);
        if (reference.isOver) break;
        expect(factsOf(crisis)).toEqual(reference.facts);
        expect(crisis.begun).toEqual(reference.begun);
        expectSafe(crisis);
      }
      expectLive(crisis);
    }),
    options,
  );
}

describe('random histories with restarts, downtime, lost handlers and calls off', () => {
  test('CR-4 CR-5 RT-4 the chart does what the requirements say, and always comes through', () => {
    check(crisisMachine, { numRuns: 600 });
  });

  const faulty = (bug: Parameters<typeof crisisMachine.provide>[0]): typeof crisisMachine =>
    crisisMachine.provide(bug);

  test.each([
    ['counts attempts anew', faulty({ actions: { orderAttempt: assign({ isSpent: false }) } })],
    [
      'lets a crash spend an attempt',
      faulty({ actions: { noteCrash: assign({ isSpent: true }) } }),
    ],
    ['tells people again and again', faulty({ guards: { hasEscalated: () => false } })],
    ['never tells people', faulty({ guards: { hasFastAttemptsLeft: () => true } })],
    ['forgets that people were told', faulty({ actions: { escalate: assign({}) } })],
    ['forgets who called it off', faulty({ actions: { noteCallOff: assign({}) } })],
    [
      'forgets what may have been applied',
      faulty({ actions: { noteFailure: assign({ isSpent: true }) } }),
    ],
  ])('CR-4 control: a chart that %s is caught', (_, machine) => {
    expect(() => {
      check(machine, { numRuns: 2_000, seed: 2, endOnFailure: true });
    }).toThrow('Property failed');
  });
});
