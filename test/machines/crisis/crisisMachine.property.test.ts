import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign } from 'xstate';
import { isEveryStepTold, nextStep, owedCalls } from '../../../machines/crisis/crisisEscalation.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type {
  CrisisDeliveryState,
  CrisisEscalationState,
} from '../../../machines/crisis/crisisState.ts';
import { FAILURE_CLASSES } from '../../../machines/policy/retry/classifyFailure.ts';
import { cases } from '../../support/cases.ts';
import {
  ANEW_MS,
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
    | 'ending'
    | 'lapsed'
    | 'release'
    | 'anew'
    | 'propose'
    | 'tellAll'
  )[]
) => ({ weight, arbitrary: fc.record({ kind: fc.constantFrom(...kinds) }) });

/** `null`: the step that the chain has come to. */
const anyName = fc.constantFrom(null, null, null, ...CHAIN.map(({ name }) => name));

const anyStep = fc.oneof(
  plain(20, 'grant'),
  plain(16, 'due', 'commit'),
  plain(4, 'commitNext', 'handlerRegistered', 'interrupt', 'retryNow'),
  plain(2, 'handlerMissing'),
  plain(16, 'stepDue'),
  plain(4, 'ending', 'lapsed'),
  plain(4, 'anew'),
  plain(2, 'tellAll'),
  plain(1, 'succeed', 'callOff', 'late', 'release', 'propose'),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('acknowledge' as const),
      by: fc.constantFrom(NURSE, { id: 'dr-2', role: 'clinician' }),
      forMs: fc.integer({ min: 60_000, max: 14_400_000 }),
      hasChain: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('called' as const, 'woken' as const),
      step: anyName,
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('notified' as const),
      step: anyName,
      ms: fc.nat(60_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('stepFailed' as const),
      step: anyName,
      why: fc.constantFrom('notHeard' as const, 'maybeHeard' as const, 'refused' as const),
      retryInMs: fc.nat(300_000),
      isSoon: fc.boolean(),
      isThrown: fc.boolean(),
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
      {
        const { escalation } = crisis.context;
        const name = nextStep(CHAIN, escalation)?.name ?? null;
        const isAllTold = isEveryStepTold(CHAIN, escalation);
        reference.stepDue(name, isAllTold, nowMs + ANEW_MS, nowMs);
      }
      crisis.stepDue();
      break;
    case 'acknowledge': {
      const { by, forMs, hasChain } = step;
      crisis.acknowledge(by, forMs, hasChain);
      reference.acknowledge(by.id, nowMs + forMs, hasChain, nowMs);
      break;
    }
    case 'ending':
      crisis.tell('acknowledgement.ending');
      reference.ending(nowMs);
      break;
    case 'lapsed':
      crisis.tell('acknowledgement.lapsed');
      reference.lapsed(nowMs);
      break;
    case 'tellAll':
      // Random steps seldom bring all of a chain to its end.
      take({ kind: 'late' }, crisis, reference);
      for (const _ of CHAIN) {
        take({ kind: 'stepDue' }, crisis, reference);
        take({ kind: 'notified', step: null, ms: 0 }, crisis, reference);
      }
      take({ kind: 'stepDue' }, crisis, reference);
      break;
    case 'release':
      crisis.release();
      reference.release(NURSE.id, nowMs);
      break;
    case 'anew':
      crisis.tell('chain.anew');
      reference.anew(nowMs);
      break;
    case 'propose':
      crisis.propose();
      reference.propose(NURSE.id);
      break;
    case 'called': {
      const name = step.step ?? crisis.present;
      crisis.called(name);
      reference.called(name, nowMs);
      break;
    }
    case 'woken': {
      const name = step.step ?? crisis.present;
      crisis.woken(name);
      reference.woken(name, nowMs);
      break;
    }
    case 'notified': {
      const name = step.step ?? crisis.present;
      crisis.notified(step.ms, name);
      reference.notified(name, step.ms, nowMs);
      break;
    }
    case 'stepFailed': {
      const { why, retryInMs, isSoon, isThrown } = step;
      const name = step.step ?? crisis.present;
      crisis.stepFailed(why, { step: name, retryInMs, isSoon, isThrown });
      reference.stepFailed(name, why, { retryAtMs: nowMs + retryInMs, isSoon, isThrown }, nowMs);
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
  stepsOwed: 'owed',
  exhausted: 'nobody',
  acknowledged: 'takenOn',
  lapsing: 'lapsing',
  ended: 'over',
};

function peopleOf({ people, context: { escalation } }: CrisisHarness): PeopleFacts {
  const { cause, round, from, anew, step, dueAtMs, toldAtMs, steps, takenOn } = escalation;
  const seen = steps.map((one): PeopleFacts['steps'][number] => ({
    ...{ name: one.name, round: one.round, calls: one.calls, outcome: one.outcome ?? 'called' },
    ...{ alike: one.failures, threw: one.throws, open: one.cutOff },
    ...{ mayKnow: one.mayKnow, owedAtMs: one.owedAtMs },
  }));
  return {
    at: PEOPLE[people],
    ...{ cause, round, from, anew, step, dueAtMs, isAnybodyTold: toldAtMs !== null },
    steps: seen,
    taker: takenOn && {
      ...{ id: takenOn.by.id, untilMs: takenOn.untilMs, step: takenOn.step },
      ...{ asks: takenOn.asks, askAtMs: takenOn.askAtMs },
    },
    decisions: escalation.decisions.map(({ what, by }) => `${what} ${by.id}`),
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
  const { delivery, record, running, asking, isOver, row, context, people } = crisis;
  if (isOver) return;
  const { steps, round, toldAtMs } = context.escalation;
  const names = steps.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  // Nobody who was not told is left alone, but where somebody has it who was.
  const owed = owedCalls(people, context.escalation, CHAIN).filter(({ isAsk }) => !isAsk);
  const isCalled = (name: string): boolean =>
    steps.some((step) => step.name === name && step.round === round);
  if (people === 'acknowledged' || people === 'lapsing' || people === 'ended') {
    expect(owed).toEqual([]);
  } else if (people === 'stepsOwed' || people === 'exhausted') {
    for (const { name } of CHAIN) expect([name, isCalled(name)]).toEqual([name, true]);
  }
  if (people === 'stepsOwed' && toldAtMs === null) expect(owed.length).toBeGreaterThan(0);
  for (const { name, outcome, owedAtMs } of steps) {
    if (people !== 'quiet' && outcome !== 'told' && owedAtMs === null) {
      expect([name, round > 1]).toEqual([name, true]);
    }
  }
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
    check(crisisMachine, { numRuns: cases(100, 300) });
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
    ['forgets what is owed', faulty({ actions: { noteStepFailed: assign({}) } })],
    ['forgets a call whose process ended', faulty({ actions: { countCall: assign({}) } })],
    ['never makes way', faulty({ guards: { hasToMakeWay: () => false } })],
    ['takes it on before anybody was told', faulty({ guards: { canBeTakenOn: () => true } })],
    ['is exhausted while a step is owed', faulty({ guards: { isEveryStepTold: () => true } })],
    [
      'goes on in the same round after a lapse',
      faulty({ actions: { beginAfterLapse: assign({}) } }),
    ],
    ['never begins anew', faulty({ actions: { beginAnew: assign({}) } })],
    ['asks nobody', faulty({ actions: { noteLapsing: assign({}) } })],
    ['wakes nothing', faulty({ actions: { wakeStep: assign({}) } })],
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
