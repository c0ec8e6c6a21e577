import { describe, expect, test } from 'vitest';
import { nextStep, notEscalated } from '../../../machines/crisis/crisisEscalation.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import type { CrisisEscalationState } from '../../../machines/crisis/crisisState.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { CHAIN, CrisisHarness, NURSE } from '../../support/harness/crisisHarness.ts';

type Open = Exclude<CrisisEscalationState, 'ended'>;

/** One crisis in each state of its escalation, made the way it gets there. */
const IN: Readonly<Record<Open, () => CrisisHarness>> = {
  quiet: () => new CrisisHarness().grant(),
  notifyDue: () => new CrisisHarness().exhaustAttempts(),
  notifying: () => IN.notifyDue().stepDue(),
  awaitingAcknowledgement: () => IN.notifying().notified(),
  exhausted: () => IN.awaitingAcknowledgement().stepDue().stepFailed().stepDue(),
  acknowledged: () => IN.awaitingAcknowledgement().acknowledge(),
};
const STATES = Object.keys(IN) as readonly Open[];
const ESCALATED = STATES.filter((state) => state !== 'quiet');

const toldOf = ({ context }: CrisisHarness): readonly string[] =>
  context.escalation.told.map(({ name, outcome, calls }) => `${name} ${outcome} ${calls}`);

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
      'notifying',
      'notInTime',
      delivery,
    ]);
    expect(crisis.called).toEqual(['on-call 1']);
  });

  test('CR-5 reversed: what is told late of an attempt that is over tells nobody, and ends nothing', () => {
    const crisis = new CrisisHarness().fail().fail().fail().fail().fail();
    expect([crisis.delivery, crisis.people]).toEqual(['awaitingPlace', 'quiet']);
    expect(IN.notifyDue().tell('attempt.succeeded').people).toBe('notifyDue');
  });

  test('CR-5 without a chain it has escalated, and nobody is left to be told', () => {
    const byTime = new CrisisHarness().stepDue([]);
    expect([byTime.people, byTime.context.escalation.cause]).toEqual(['exhausted', 'notInTime']);
    const byFailures = IN.notifyDue().stepDue([]);
    expect([byFailures.people, toldOf(byFailures)]).toEqual(['exhausted', []]);
  });
});

describe('CR-5 step by step', () => {
  test('CR-5 a step that was told has its time, then the next is told', () => {
    const crisis = IN.notifying().notified(30_000);
    expect(crisis.context.escalation).toMatchObject({
      dueAtMs: crisis.nowMs + 30_000,
      waitMs: 30_000,
    });
    crisis.wait(30_000).stepDue().notified().stepDue();
    expect(crisis.called).toEqual(['on-call 1', 'clinician 1']);
    expect([crisis.people, toldOf(crisis)]).toEqual([
      'exhausted',
      ['on-call notified 1', 'clinician notified 1'],
    ]);
  });

  test('CR-5 a call that fails is made again after its wait, and then makes way at once', () => {
    const crisis = IN.notifying().stepFailed(2_000, 'timedOut');
    expect([crisis.people, crisis.context.escalation.dueAtMs]).toEqual([
      'notifyDue',
      crisis.nowMs + 2_000,
    ]);
    crisis.wait(2_000).stepDue().stepFailed(null, 'failed');
    expect([crisis.people, crisis.context.escalation.dueAtMs]).toEqual(['notifyDue', crisis.nowMs]);
    crisis.stepDue();
    expect(crisis.called).toEqual(['on-call 1', 'on-call 2', 'clinician 1']);
    expect(toldOf(crisis)).toEqual(['on-call failed 2']);
  });

  test('CR-5 a chain that has grown goes on', () => {
    const crisis = IN.exhausted().stepDue();
    expect(crisis.people).toBe('exhausted');
    crisis.stepDue([...CHAIN, { name: 'emergency' }]);
    expect([crisis.people, crisis.called.at(-1)]).toEqual(['notifying', 'emergency 1']);
  });

  test('CR-5 which step is next: the first that was not told, however the chain was changed', () => {
    const told = [{ name: 'on-call', outcome: 'failed', calls: 1, atMs: 1 }] as const;
    const escalation = { ...notEscalated(0), told };
    const nameOfNext = (...names: readonly string[]) =>
      nextStep(
        names.map((name) => ({ name })),
        escalation,
      )?.name;
    expect(nameOfNext('on-call', 'clinician')).toBe('clinician');
    expect(nameOfNext('nurse', 'on-call', 'clinician')).toBe('nurse');
    expect(nameOfNext('on-call')).toBeUndefined();
    expect(nameOfNext()).toBeUndefined();
  });
});

describe('CR-5 over the end of its process', () => {
  test('CR-5 a step that was told is told no more', () => {
    const crisis = IN.awaitingAcknowledgement().commit().restart(5_000);
    expect([crisis.people, toldOf(crisis)]).toEqual([
      'awaitingAcknowledgement',
      ['on-call notified 1'],
    ]);
    crisis.stepDue();
    expect(crisis.called).toEqual(['on-call 1', 'clinician 1']);
  });

  test('CR-5 a call that was under way is made again, and counted', () => {
    const crisis = IN.notifying().commit().restart();
    expect(crisis.people).toBe('notifyDue');
    crisis.stepDue();
    expect(crisis.called).toEqual(['on-call 1', 'on-call 2']);
    // It had its calls, in processes that ended each time.
    crisis.commit().restart().stepFailed().stepDue();
    expect([crisis.called.at(-1), toldOf(crisis)]).toEqual(['clinician 1', ['on-call failed 2']]);
  });
});

describe('CR-5 a person takes it on', () => {
  test.each(STATES)('CR-5 %s: nobody else is told, and it is delivered all the same', (state) => {
    const crisis = IN[state]();
    const { called, delivery } = crisis;
    const before = called.length;
    crisis.acknowledge();
    expect([crisis.people, crisis.calling, crisis.delivery]).toEqual(['acknowledged', 0, delivery]);
    expect(crisis.context.escalation.decisions.at(-1)).toEqual({
      what: 'acknowledged',
      by: NURSE,
      note: null,
      atMs: crisis.nowMs,
    });
    crisis.stepDue().notified().stepFailed().commit().restart();
    expect([crisis.people, crisis.called.length]).toEqual(['acknowledged', before]);
  });

  test('CR-5 another may take it over, and both are remembered', () => {
    const crisis = IN.acknowledged().acknowledge({ id: 'dr-2', role: 'clinician' });
    const { decisions } = crisis.context.escalation;
    expect(decisions.map(({ by }) => by.id)).toEqual(['nurse-7', 'dr-2']);
  });
});

describe('CR-5 the chain ends with the crisis', () => {
  test.each(STATES)('CR-5 %s, it is delivered: nobody is told any more', (state) => {
    const crisis = IN[state]();
    if (crisis.delivery !== 'attempting') crisis.tell('retry.due').grant();
    crisis.tell('attempt.succeeded');
    expect([crisis.people, crisis.calling, crisis.delivery]).toEqual(['ended', 0, 'delivered']);
    crisis.stepDue().acknowledge();
    expect(crisis.commit().isOver).toBe(true);
  });

  test.each(STATES)('CR-5 %s, it is called off: by whom is remembered', (state) => {
    const crisis = IN[state]();
    crisis.send({ type: 'callOff.requested', atMs: crisis.nowMs, by: NURSE, note: 'Found safe.' });
    expect([crisis.people, crisis.calling]).toEqual(['ended', 0]);
    expect(crisis.context.escalation.decisions.at(-1)).toMatchObject({
      what: 'calledOff',
      by: NURSE,
      note: 'Found safe.',
    });
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
