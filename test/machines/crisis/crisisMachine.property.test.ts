import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign } from 'xstate';
import { nextStep } from '../../../machines/crisis/crisisEscalation.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type {
  CrisisDeliveryState,
  CrisisEscalationState,
} from '../../../machines/crisis/crisisState.ts';
import { FAILURE_CLASSES } from '../../../machines/policy/retry/classifyFailure.ts';
import {
  CHAIN,
  CrisisHarness,
  FAST_ATTEMPTS_MAX,
  NURSE,
} from '../../support/harness/crisisHarness.ts';
import {
  type CrisisFacts,
  type PeopleFacts,
  ReferenceCrisis,
} from '../../support/harness/referenceCrisis.ts';

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
    | 'stepDue'
    | 'late'
    | 'acknowledge'
  )[]
) => ({ weight, arbitrary: fc.record({ kind: fc.constantFrom(...kinds) }) });

const anyStep = fc.oneof(
  plain(20, 'grant'),
  plain(16, 'due', 'commit'),
  plain(4, 'commitNext', 'handlerRegistered', 'interrupt', 'retryNow'),
  plain(2, 'handlerMissing'),
  plain(12, 'stepDue'),
  plain(1, 'succeed', 'callOff', 'acknowledge', 'late'),
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('notified' as const), ms: fc.nat(60_000) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('stepFailed' as const),
      why: fc.constantFrom('failed' as const, 'timedOut' as const),
      retryInMs: fc.option(fc.nat(60_000), { freq: 1 }),
    }),
  },
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
    case 'stepDue':
    case 'late':
      // Seldom by its age, or its attempts would never be used up before that.
      if (step.kind === 'stepDue' && crisis.people === 'quiet') break;
      // Asked before: the crisis may end one call, and begin another, of the same step.
      reference.stepDue(nextStep(CHAIN, crisis.context.escalation)?.name ?? null, nowMs);
      crisis.stepDue();
      break;
    case 'acknowledge':
      crisis.acknowledge();
      reference.acknowledge(NURSE.id);
      break;
    case 'notified':
      crisis.notified(step.ms);
      reference.notified(nowMs + step.ms);
      break;
    case 'stepFailed': {
      const { why, retryInMs } = step;
      crisis.stepFailed(retryInMs, why);
      reference.stepFailed(why, retryInMs === null ? null : nowMs + retryInMs, nowMs);
      break;
    }
    case 'fail': {
      crisis.fail(step.failureClass, step);
      const isTrouble = step.failureClass === 'transient' && step.status === 500;
      const isUnknown = step.failureClass === 'unknownOutcome' || isTrouble;
      reference.fail(isUnknown, nowMs + step.retryInMs, nowMs);
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
  pacing: { at: 'waits', pace: 'late' },
  delivered: { at: 'through', pace: null },
  calledOff: { at: 'calledOff', pace: null },
};

const PEOPLE: Readonly<Record<CrisisEscalationState, PeopleFacts['at']>> = {
  quiet: 'quiet',
  notifyDue: 'due',
  notifying: 'called',
  awaitingAcknowledgement: 'asked',
  exhausted: 'nobody',
  acknowledged: 'takenOn',
  ended: 'over',
};

function peopleOf({ people, context: { escalation } }: CrisisHarness): PeopleFacts {
  const { cause, step, calls, dueAtMs, told, decisions } = escalation;
  return {
    at: PEOPLE[people],
    ...{ cause, step, calls, dueAtMs },
    told: told.map(({ name, outcome }) => `${name} ${outcome}`),
    decisions: decisions.map(({ what, by }) => `${what} ${by.id}`),
  };
}

function factsOf(crisis: CrisisHarness): CrisisFacts {
  const { delivery, context, history } = crisis;
  const { attempt, isSpent, crashes, isOutcomeUnknown, wakeAtMs } = context;
  const counts = { attempt, isSpent, crashes, isOutcomeUnknown, wakeAtMs };
  return { ...PLACES[delivery], ...counts, history, people: peopleOf(crisis) };
}

/** What must hold whatever the reference says. */
function expectSafe(crisis: CrisisHarness) {
  const { delivery, record, running, asking, isOver, row, context, people, calling } = crisis;
  if (isOver) return;
  // A step that was told is told no more, and nobody is told of what is over or taken on.
  const names = context.escalation.told.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(calling).toBe(people === 'notifying' ? 1 : 0);
  expect(row?.states.escalation).not.toBe('notifying');
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
        expect(crisis.called).toEqual(reference.called);
        expectSafe(crisis);
      }
      expectLive(crisis);
    }),
    options,
  );
}

describe('random histories with restarts, downtime, lost handlers and calls off', () => {
  test('CR-4 CR-5 RT-4 the chart does what the requirements say, and always comes through', () => {
    check(crisisMachine, { numRuns: 300 });
  });

  const faulty = (bug: Parameters<typeof crisisMachine.provide>[0]): typeof crisisMachine =>
    crisisMachine.provide(bug);

  test.each([
    ['counts attempts anew', faulty({ actions: { orderAttempt: assign({ isSpent: false }) } })],
    [
      'lets a crash spend an attempt',
      faulty({ actions: { noteCrash: assign({ isSpent: true }) } }),
    ],
    ['never tells people', faulty({ guards: { hasUsedUpFastAttempts: () => false } })],
    ['forgets that people were told', faulty({ actions: { escalateForFailures: assign({}) } })],
    ['forgets which step was told', faulty({ actions: { noteNotified: assign({}) } })],
    ['forgets which step could not be told', faulty({ actions: { noteStepFailed: assign({}) } })],
    ['calls a step again without end', faulty({ guards: { hasCallsLeft: () => true } })],
    ['forgets who has taken it on', faulty({ actions: { acknowledge: assign({}) } })],
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
