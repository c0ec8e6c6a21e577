import { describe, expect, test } from 'vitest';
import {
  askAfterMs,
  ESCALATION_PACE,
  nextStep,
  notEscalated,
  owedCalls,
  tellAgainMs,
} from '../../../machines/crisis/crisisEscalation.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type { CrisisEscalationState } from '../../../machines/crisis/crisisState.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import {
  ANEW_MS,
  CHAIN,
  CrisisHarness,
  LASTS_MS,
  NURSE,
} from '../../support/harness/crisisHarness.ts';

type Open = Exclude<CrisisEscalationState, 'ended'>;

/** One crisis in each state of its escalation, made the way it gets there. */
const IN: Readonly<Record<Open, () => CrisisHarness>> = {
  quiet: () => new CrisisHarness().grant(),
  notifyDue: () => new CrisisHarness().exhaustAttempts(),
  notifying: () => IN.notifyDue().stepDue(),
  awaitingAcknowledgement: () => IN.notifying().called().notified(),
  stepsOwed: () =>
    IN.notifying().called().stepFailed().stepDue().called().stepFailed('maybeHeard').stepDue(),
  exhausted: () => IN.awaitingAcknowledgement().stepDue().called().notified().stepDue(),
  acknowledged: () => IN.awaitingAcknowledgement().acknowledge(),
  lapsing: () => {
    const crisis = IN.acknowledged();
    crisis.nowMs += askAfterMs(LASTS_MS);
    return crisis.tell('acknowledgement.ending');
  },
};
const STATES = Object.keys(IN) as readonly Open[];
const ESCALATED = STATES.filter((state) => state !== 'quiet');
const HAD: readonly Open[] = ['acknowledged', 'lapsing'];
const TELLING = ESCALATED.filter((state) => !HAD.includes(state));
/** Before anybody was told. */
const UNTOLD: readonly Open[] = ['quiet', 'notifyDue', 'notifying', 'stepsOwed'];

const stepsOf = ({ context }: CrisisHarness): readonly string[] =>
  context.escalation.steps.map(({ name, outcome, calls }) => `${name} ${outcome} ${calls}`);
const owedOf = ({ people, context }: CrisisHarness, chain: readonly { name: string }[] = CHAIN) =>
  owedCalls(people, context.escalation, chain).map(({ step, isAsk }) =>
    isAsk ? `ask ${step}` : step,
  );
const DOCTOR = { id: 'dr-2', role: 'clinician' };

test.each(STATES)('CR-5 %s, it is there', (state) => {
  expect(IN[state]().people).toBe(state);
});

describe('CR-5 when people are told', () => {
  test('CR-5 its fast attempts are used up: once, over restarts too', () => {
    const crisis = IN.notifyDue().commit();
    const { sinceAtMs, cause } = crisis.context.escalation;
    expect([crisis.delivery, cause, sinceAtMs]).toEqual(['pacing', 'attemptsUsedUp', crisis.nowMs]);
    crisis.restart(1_000).tell('retry.due').grant().fail().commit();
    expect([crisis.people, crisis.context.escalation.sinceAtMs]).toEqual(['notifyDue', sinceAtMs]);
  });

  test.each([
    ['it waits for a place', () => new CrisisHarness()],
    ['nobody has registered a handler', () => new CrisisHarness().tell('handler.missing')],
    ['its delivery hangs', () => new CrisisHarness().grant()],
    ['its process ends each time', () => new CrisisHarness().grant().commit().restart()],
  ])('CR-5 it is not delivered in time, since %s', (_, made) => {
    const crisis = made();
    const { delivery } = crisis;
    crisis.wait(60_000).stepDue();
    expect([crisis.people, crisis.context.escalation.cause, crisis.delivery]).toEqual([
      'notifyDue',
      'notInTime',
      delivery,
    ]);
    expect(owedOf(crisis.stepDue())).toEqual(['on-call']);
  });

  test('CR-5 reversed: what is told late of an attempt that is over tells nobody, and ends nothing', () => {
    const crisis = new CrisisHarness().fail().fail().fail().fail().fail();
    expect([crisis.delivery, crisis.people]).toEqual(['awaitingPlace', 'quiet']);
    expect(IN.notifyDue().tell('attempt.succeeded').people).toBe('notifyDue');
  });

  test('CR-5 without a chain it has escalated, and nobody is left to be told', () => {
    const byTime = new CrisisHarness().stepDue([]).stepDue([]);
    expect([byTime.people, byTime.context.escalation.cause]).toEqual(['exhausted', 'notInTime']);
    const byFailures = IN.notifyDue().stepDue([]);
    expect([byFailures.people, stepsOf(byFailures), owedOf(byFailures, [])]).toEqual([
      'exhausted',
      [],
      [],
    ]);
  });
});

describe('CR-5 step by step', () => {
  test('CR-5 a step that was told has its time, then the next is told', () => {
    const crisis = IN.notifying().called().notified(30_000);
    expect(crisis.context.escalation).toMatchObject({
      dueAtMs: crisis.nowMs + 30_000,
      waitMs: 30_000,
      toldAtMs: crisis.nowMs,
    });
    expect(owedOf(crisis)).toEqual([]);
    crisis.wait(30_000).stepDue();
    expect(owedOf(crisis)).toEqual(['clinician']);
    crisis.called().notified().stepDue();
    expect([crisis.people, stepsOf(crisis)]).toEqual([
      'exhausted',
      ['on-call told 1', 'clinician told 1'],
    ]);
  });

  test('CR-5 a step that is called again soon is waited for, and then makes way at once', () => {
    const crisis = IN.notifying()
      .called()
      .stepFailed('notHeard', { retryInMs: 2_000, isSoon: true });
    expect([crisis.people, owedOf(crisis)]).toEqual(['notifying', ['on-call']]);
    crisis.wait(2_000).called().stepFailed();
    expect([crisis.people, crisis.context.escalation.dueAtMs]).toEqual(['notifyDue', crisis.nowMs]);
    crisis.stepDue();
    expect(owedOf(crisis)).toEqual(['on-call', 'clinician']);
    expect(stepsOf(crisis)).toEqual(['on-call notHeard 2']);
  });

  test('CR-5 what fails of another step than that which is told makes way to nobody', () => {
    const crisis = IN.notifying().called().stepFailed().stepDue().called();
    crisis.woken('on-call').stepFailed('notHeard', { step: 'on-call' });
    expect([crisis.people, owedOf(crisis)]).toEqual(['notifying', ['clinician', 'on-call']]);
  });

  test('CR-5 a step that is in the chain no more makes way, and is owed nothing', () => {
    const chain = [{ name: 'desk' }];
    const crisis = IN.notifying().called().stepFailed('notHeard', { isSoon: true }).stepDue(chain);
    expect([crisis.people, owedOf(crisis, chain)]).toEqual(['notifying', ['desk']]);
    expect(IN.notifying().stepDue([]).people).toBe('exhausted');
    const owed = IN.notifying().called().stepFailed('notHeard', { isSoon: true });
    expect(owed.stepDue([{ name: 'on-call' }]).people).toBe('stepsOwed');
  });

  test('CR-5 each step was called, and some are owed: it is not exhausted', () => {
    const crisis = IN.stepsOwed();
    expect([crisis.people, owedOf(crisis)]).toEqual(['stepsOwed', ['on-call', 'clinician']]);
    crisis.wait(30_000).called('on-call').notified(60_000, 'on-call');
    expect([crisis.people, owedOf(crisis)]).toEqual(['awaitingAcknowledgement', ['clinician']]);
    crisis.wait(60_000).stepDue();
    expect(crisis.people).toBe('stepsOwed');
    crisis.called('clinician').notified(60_000, 'clinician').stepDue();
    expect([crisis.people, owedOf(crisis)]).toEqual(['exhausted', []]);
  });

  test('CR-5 a chain of which nothing is owed any more is exhausted, and one that has grown goes on', () => {
    expect(IN.stepsOwed().stepDue([]).people).toBe('exhausted');
    const grown = [...CHAIN, { name: 'emergency' }];
    for (const state of ['stepsOwed', 'exhausted'] as const) {
      const crisis = IN[state]().stepDue(grown);
      expect([crisis.people, owedOf(crisis, grown).at(-1)]).toEqual(['notifying', 'emergency']);
    }
  });

  test.each(TELLING)('CR-5 %s: a step that is owed is called, woken, fails, is told', (state) => {
    const crisis = IN[state]();
    crisis.called('on-call').stepFailed('refused', { step: 'on-call', retryInMs: 300_000 });
    const its = () => crisis.context.escalation.steps.find(({ name }) => name === 'on-call');
    expect(its()).toMatchObject({ outcome: 'refused', owedAtMs: crisis.nowMs + 300_000 });
    crisis.wait(1_000).woken('on-call');
    expect(its()).toMatchObject({ owedAtMs: crisis.nowMs, waitMs: 0 });
    expect(owedOf(crisis)).toContain('on-call');
    crisis.notified(60_000, 'on-call').woken('on-call');
    expect([crisis.people, its()?.outcome, its()?.owedAtMs]).toEqual([
      'awaitingAcknowledgement',
      'told',
      null,
    ]);
  });

  test('CR-5 another that is told while one has its time has its own', () => {
    const crisis = IN.notifying().called().stepFailed().stepDue().called().notified(60_000);
    crisis.wait(50_000).notified(30_000, 'on-call');
    expect(crisis.context.escalation.dueAtMs).toBe(crisis.nowMs + 30_000);
    crisis.notified(1_000, 'on-call');
    expect(crisis.context.escalation.dueAtMs).toBe(crisis.nowMs + 30_000);
  });

  test('CR-5 nobody takes it on: the chain begins anew, and each is told again', () => {
    const crisis = IN.exhausted();
    expect(crisis.context.escalation.dueAtMs).toBe(crisis.nowMs + ANEW_MS);
    crisis.wait(ANEW_MS).tell('chain.anew').stepDue();
    expect([crisis.people, owedOf(crisis)]).toEqual(['notifying', ['on-call']]);
    expect(crisis.context.escalation).toMatchObject({ round: 2, anew: 1 });
    crisis.called().notified().stepDue().called().notified().stepDue();
    expect(crisis.people).toBe('exhausted');
    expect(crisis.context.escalation.steps.every(({ mayKnow }) => mayKnow)).toBe(true);
  });

  test('CR-5 while nobody is left to be told, when the chain begins anew stays as it was', () => {
    const crisis = IN.exhausted();
    const { escalation } = crisis.context;
    crisis.wait(1_000).stepDue();
    expect([crisis.people, crisis.context.escalation]).toEqual(['exhausted', escalation]);
  });

  test('CR-5 which step is next: the first that was not called in this round, however the chain was changed', () => {
    const [step] = IN.awaitingAcknowledgement().context.escalation.steps;
    const escalation = { ...notEscalated(0), steps: step === undefined ? [] : [step] };
    const nameOfNext = (more: object, ...names: readonly string[]) =>
      nextStep(
        names.map((name) => ({ name })),
        { ...escalation, ...more },
      )?.name;
    expect(nameOfNext({}, 'on-call', 'clinician')).toBe('clinician');
    expect(nameOfNext({}, 'nurse', 'on-call', 'clinician')).toBe('nurse');
    expect(nameOfNext({}, 'on-call')).toBeUndefined();
    expect(nameOfNext({})).toBeUndefined();
    expect(nameOfNext({ round: 2 }, 'nurse', 'on-call')).toBe('nurse');
    expect(nameOfNext({ round: 2, from: 'on-call' }, 'nurse', 'on-call', 'desk')).toBe('on-call');
    expect(nameOfNext({ from: 'on-call' }, 'nurse', 'on-call', 'desk')).toBe('desk');
    expect(nameOfNext({ from: 'on-call' }, 'nurse', 'on-call')).toBe('nurse');
    expect(nameOfNext({ from: 'gone' }, 'nurse', 'on-call')).toBe('nurse');
  });
});

test('CR-5 how long until a step is told again', () => {
  const span = (why: Parameters<typeof tellAgainMs>[0], failures: number) =>
    [0, 1].map((draw) => tellAgainMs(why, failures, draw, ESCALATION_PACE));
  expect(span('notHeard', 1)).toEqual([20_000, 40_000]);
  expect(span('notHeard', 100)).toEqual([20_000, 40_000]);
  expect(span('maybeHeard', 1)).toEqual([120_000, 132_000]);
  expect(span('maybeHeard', 2)).toEqual([180_000, 198_000]);
  expect(span('maybeHeard', 9)).toEqual([270_000, 297_000]);
  expect(span('refused', 3)).toEqual([300_000, 270_000]);
  expect([askAfterMs(1_800_000), askAfterMs(60_000)]).toEqual([1_500_000, 30_000]);
});

describe('CR-5 over the end of its process', () => {
  test('CR-5 a step that was told is told no more', () => {
    const crisis = IN.awaitingAcknowledgement().commit().restart(5_000);
    expect([crisis.people, stepsOf(crisis)]).toEqual([
      'awaitingAcknowledgement',
      ['on-call told 1'],
    ]);
    expect(owedOf(crisis.stepDue())).toEqual(['clinician']);
  });

  test('CR-5 a call that was under way is owed, is made again, and says that it may be known', () => {
    const crisis = IN.notifying().called().commit().restart();
    expect([crisis.people, owedOf(crisis)]).toEqual(['notifying', ['on-call']]);
    crisis.called();
    const [step] = crisis.context.escalation.steps;
    expect(step).toMatchObject({ calls: 2, cutOff: 2, mayKnow: true });
  });

  test('CR-5 what is owed is owed by the next process, too', () => {
    const crisis = IN.stepsOwed().commit().restart(3_600_000);
    expect([crisis.people, owedOf(crisis)]).toEqual(['stepsOwed', ['on-call', 'clinician']]);
  });
});

describe('CR-5 a person takes it on', () => {
  const TOLD = STATES.filter((state) => !UNTOLD.includes(state));

  test.each(TOLD)('CR-5 %s: nobody else is told, and it is delivered all the same', (state) => {
    const crisis = IN[state]();
    const { delivery } = crisis;
    crisis.acknowledge(DOCTOR);
    expect([crisis.people, owedOf(crisis), crisis.delivery]).toEqual([
      'acknowledged',
      [],
      delivery,
    ]);
    expect(crisis.context.escalation.takenOn).toMatchObject({
      by: DOCTOR,
      untilMs: crisis.nowMs + LASTS_MS,
    });
    expect(crisis.context.escalation.dueAtMs).toBe(crisis.nowMs + LASTS_MS - 300_000);
    crisis.stepDue().notified().stepFailed().commit().restart();
    expect([crisis.people, owedOf(crisis)]).toEqual(['acknowledged', []]);
  });

  test.each(UNTOLD)(
    'CR-5 %s, before anybody was told: it is a note, and people are told',
    (state) => {
      const crisis = IN[state]();
      const owed = owedOf(crisis);
      crisis.acknowledge();
      expect([crisis.people, owedOf(crisis)]).toEqual([state, owed]);
      expect(crisis.context.escalation.decisions).toMatchObject([{ what: 'noted', by: NURSE }]);
    },
  );

  test('CR-5 nobody was told and the chain is new: it is a note where nobody was left to be told, too', () => {
    const crisis = IN.notifyDue().stepDue([]).acknowledge();
    expect([crisis.people, crisis.context.escalation.decisions.at(-1)?.what]).toEqual([
      'exhausted',
      'noted',
    ]);
  });

  test.each(UNTOLD)('CR-5 %s, without a chain: it is taken on at once', (state) => {
    const crisis = IN[state]().acknowledge(NURSE, LASTS_MS, false);
    expect([crisis.people, crisis.context.escalation.takenOn?.step]).toEqual([
      'acknowledged',
      null,
    ]);
    crisis.tell('acknowledgement.ending');
    expect(owedOf(crisis)).toEqual([]);
    crisis.tell('acknowledgement.lapsed');
    expect(crisis.context.escalation.sinceAtMs).not.toBeNull();
  });

  test('CR-5 another may take it over, and both are remembered', () => {
    const crisis = IN.acknowledged().acknowledge(DOCTOR);
    const { decisions } = crisis.context.escalation;
    expect(decisions.map(({ by }) => by.id)).toEqual(['nurse-7', 'dr-2']);
  });

  test('CR-5 before it lapses the step that was told is asked, until it has heard that', () => {
    const crisis = IN.lapsing();
    const until = crisis.context.escalation.takenOn?.untilMs;
    expect([owedOf(crisis), crisis.context.escalation.dueAtMs]).toEqual([['ask on-call'], until]);
    crisis.called().stepFailed('notHeard', { retryInMs: 30_000 });
    expect(crisis.context.escalation.takenOn).toMatchObject({
      ...{ asks: 1, askAtMs: crisis.nowMs + 30_000, askWaitMs: 30_000 },
    });
    crisis.called().notified();
    expect([crisis.people, owedOf(crisis)]).toEqual(['lapsing', []]);
    expect(stepsOf(crisis)).toEqual(['on-call told 1']);
  });

  test.each([
    ['it lapses', 'lapsing', (crisis: CrisisHarness) => crisis.tell('acknowledgement.lapsed')],
    ['it is given back', 'acknowledged', (crisis: CrisisHarness) => crisis.release()],
    ['it is given back late', 'lapsing', (crisis: CrisisHarness) => crisis.release()],
  ] as const)('CR-5 %s: their step is told again, the next, and the others', (_, state, end) => {
    const crisis = end(IN[state]());
    expect([crisis.people, crisis.context.escalation.takenOn]).toEqual(['notifyDue', null]);
    expect(owedOf(crisis.stepDue())).toEqual(['on-call']);
    crisis.called().notified().stepDue();
    expect(owedOf(crisis)).toEqual(['clinician']);
  });

  test('CR-5 the last who were told before it was taken on come first, and what is owed is called beside', () => {
    const crisis = IN.notifying().called().stepFailed().stepDue().called().notified();
    crisis.acknowledge().release().stepDue();
    expect(owedOf(crisis)).toEqual(['on-call', 'clinician']);
    expect(crisis.present).toBe('clinician');
    crisis.called('on-call').notified(60_000, 'on-call').called().notified().stepDue();
    expect(crisis.people).toBe('exhausted');
  });
});

describe('CR-5 the chain ends with the crisis', () => {
  test.each(STATES)('CR-5 %s, it is delivered: nobody is told any more', (state) => {
    const crisis = IN[state]();
    if (crisis.delivery !== 'attempting') crisis.tell('retry.due').grant();
    crisis.tell('attempt.succeeded');
    expect([crisis.people, owedOf(crisis), crisis.delivery]).toEqual(['ended', [], 'delivered']);
    crisis.stepDue().acknowledge();
    expect(crisis.commit().isOver).toBe(true);
  });

  test.each(STATES)('CR-5 %s, it is called off: by whom is remembered', (state) => {
    const crisis = IN[state]();
    crisis.send({ type: 'callOff.requested', atMs: crisis.nowMs, by: NURSE, note: 'Found safe.' });
    expect([crisis.people, owedOf(crisis)]).toEqual(['ended', []]);
    expect(crisis.context.escalation.decisions.at(-1)).toMatchObject({
      what: 'calledOff',
      by: NURSE,
      note: 'Found safe.',
    });
  });

  test.each(STATES)('CR-5 %s: the word of the first of two is kept, and it goes on', (state) => {
    const crisis = IN[state]().propose();
    expect([crisis.people, crisis.context.escalation.decisions.at(-1)?.what]).toEqual([
      state,
      'callOffProposed',
    ]);
  });

  test.each(STATES)('CR-5 %s: “I am safe” is a note, and delivery and chain go on', (state) => {
    const before = IN[state]();
    const crisis = IN[state]().saySafe();
    const { decisions, ...others } = crisis.context.escalation;
    expect([crisis.people, crisis.delivery]).toEqual([state, before.delivery]);
    expect(decisions.at(-1)).toMatchObject({ what: 'saidSafe', by: { role: 'subject' } });
    expect(others).toEqual({ ...before.context.escalation, decisions: undefined });
  });

  test('CR-5 one who was alone is kept as one person', () => {
    const crisis = IN.quiet();
    crisis.send({ type: 'callOff.requested', atMs: crisis.nowMs, by: NURSE, isAlone: true });
    expect(crisis.context.escalation.decisions).toMatchObject([{ by: NURSE, isAlone: true }]);
  });

  test.each(ESCALATED)('CR-4 control: %s, its delivery goes on as if nobody was told', (state) => {
    const crisis = IN[state]();
    const { attempt } = crisis.context;
    crisis.tell('retry.due').grant().fail();
    expect([crisis.delivery, crisis.people, crisis.context.attempt]).toEqual([
      'pacing',
      state,
      attempt + 1,
    ]);
  });
});

test('OB-3 every transition of its escalation was taken', () => {
  const { missing } = transitionsTaken(crisisMachine);
  expect(missing.filter((label) => label.includes('escalation.'))).toEqual([]);
});
