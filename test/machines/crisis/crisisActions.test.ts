/** What each fact about a crisis leaves in what is kept of it (CR-4, CR-5). */

import { describe, expect, test } from 'vitest';
import { CrisisHarness, LASTS_MS, NURSE } from '../../support/harness/crisisHarness.ts';

const sent = (): CrisisHarness => new CrisisHarness().grant();
const notifying = (): CrisisHarness => new CrisisHarness().exhaustAttempts().stepDue();
const takenOn = (): CrisisHarness => notifying().called().notified().acknowledge();
const stepOf = ({ context }: CrisisHarness) => context.escalation.steps.at(-1);
const lastOf = ({ context }: CrisisHarness) => context.history.at(-1);
const decisionOf = ({ context }: CrisisHarness) => context.escalation.decisions.at(-1);

describe('CR-4 its attempts', () => {
  test('CR-4 one that failed is in its history, with when it is sent again', () => {
    const crisis = sent().fail('transient', { retryInMs: 700 });
    const { nowMs } = crisis;
    expect(lastOf(crisis)).toEqual({
      ...{ atMs: nowMs, what: 'failed', code: 'HF_ATTEMPT_FAILED', attempt: 1 },
      ...{ startedAtMs: nowMs - 50, failureClass: 'transient' },
    });
    expect(crisis.context).toMatchObject({
      ...{ isSpent: true, crashes: 0, isOutcomeUnknown: false, firstAttemptAtMs: nowMs },
      ...{ wakeAtMs: nowMs + 700, delayMs: 700, sinceAtMs: nowMs },
    });
    expect(sent().fail('transient', { retryInMs: -5 }).context.delayMs).toBe(0);
  });

  test('CR-4 what may have been applied stays so, and an exception is kept with it', () => {
    const crisis = sent().fail('unknownOutcome');
    expect(crisis.context.isOutcomeUnknown).toBe(true);
    crisis.tell('retry.due').grant().fail();
    expect(crisis.context.isOutcomeUnknown).toBe(true);
    const exception = { name: 'TypeError', frames: [] } as never;
    const thrown = sent();
    thrown.send({
      ...{ type: 'attempt.failed', startedAtMs: 1, atMs: 2, retryAtMs: 3, fastAttemptsMax: 4 },
      failure: { failureClass: 'transient', code: 'HF_ATTEMPT_FAILED', message: '', exception },
    });
    expect(lastOf(thrown)).toMatchObject({ exception });
  });

  test('CR-4 its first attempt is the one of its acceptance, however late another is ordered', () => {
    const crisis = sent();
    const { acceptedAtMs } = crisis.context;
    crisis.nowMs += 500;
    crisis.fail().tell('retry.due').grant();
    expect(crisis.context).toMatchObject({ attempt: 2, firstAttemptAtMs: acceptedAtMs });
  });

  test('RT-4 one that was cut off goes on at once, and may have been applied', () => {
    const crisis = sent().tell('attempt.interrupted');
    expect(lastOf(crisis)).toMatchObject({ what: 'interrupted', code: null, attempt: 1 });
    expect(crisis.context).toMatchObject({
      ...{ isOutcomeUnknown: true, wakeAtMs: crisis.nowMs, delayMs: 0, isSpent: false },
    });
    const crashed = sent().tell('process.restarted');
    expect(crashed.context).toMatchObject({ crashes: 0, isOutcomeUnknown: false });
  });

  test('CR-4 delivered, it is spent, and nothing of its failures stands', () => {
    const crisis = sent().fail().tell('retry.due').grant().tell('attempt.succeeded');
    expect(crisis.context).toMatchObject({
      ...{ isSpent: true, crashes: 0, failure: null, ending: 'completed' },
      settledAtMs: crisis.nowMs,
    });
  });
});

describe('CR-5 the steps of its chain', () => {
  test('CR-5 a call is owed until it has ended, and after one that was cut off it may be known', () => {
    const crisis = notifying().called();
    expect(stepOf(crisis)).toMatchObject({
      ...{ calls: 1, cutOff: 1, mayKnow: false, owedAtMs: crisis.nowMs, waitMs: 0 },
    });
    expect(stepOf(crisis.called())).toMatchObject({ calls: 2, cutOff: 2, mayKnow: true });
    crisis.notified(60_000);
    expect(stepOf(crisis)).toMatchObject({
      ...{ outcome: 'told', calls: 2, failures: 0, throws: 0, cutOff: 0, mayKnow: true },
      ...{ owedAtMs: null, waitMs: 0, atMs: crisis.nowMs },
    });
    expect(crisis.context.escalation).toMatchObject({
      ...{ dueAtMs: crisis.nowMs + 60_000, waitMs: 60_000, toldAtMs: crisis.nowMs },
    });
  });

  test('CR-5 failures that are alike are counted, and what is thrown in a row', () => {
    const crisis = notifying().called().stepFailed('notHeard', { isThrown: true, retryInMs: 900 });
    expect(stepOf(crisis)).toMatchObject({
      ...{ outcome: 'notHeard', failures: 1, throws: 1, cutOff: 0, mayKnow: false },
      ...{ owedAtMs: crisis.nowMs + 900, waitMs: 900 },
    });
    const step = 'on-call';
    crisis.called(step).stepFailed('notHeard', { step, isThrown: true });
    expect(stepOf(crisis)).toMatchObject({ failures: 2, throws: 2 });
    crisis.called(step).stepFailed('refused', { step, retryInMs: -5 });
    expect(stepOf(crisis)).toMatchObject({ failures: 1, throws: 0, mayKnow: false, waitMs: 0 });
    crisis.called(step).stepFailed('maybeHeard', { step });
    expect(stepOf(crisis)).toMatchObject({ failures: 1, mayKnow: true });
    crisis.called(step).stepFailed('notHeard', { step });
    expect(stepOf(crisis)).toMatchObject({ mayKnow: true });
  });

  test('CR-5 one that can be reached again is owed at once, and one that is owed by now stays', () => {
    const step = 'on-call';
    const crisis = notifying().called().stepFailed('notHeard', { retryInMs: 900 }).woken(step);
    expect(stepOf(crisis)).toMatchObject({ owedAtMs: crisis.nowMs, waitMs: 0 });
    const due = notifying().called().stepFailed('notHeard', { retryInMs: 0 });
    const before = due.context.escalation;
    due.woken(step);
    expect(due.context.escalation).toBe(before);
    const told = notifying().called().notified();
    const known = told.context.escalation;
    expect(told.woken(step).context.escalation).toBe(known);
  });
});

describe('CR-5 whoever takes it on', () => {
  test('CR-5 is kept with the step that was told last, until they are asked', () => {
    const crisis = takenOn();
    const { nowMs } = crisis;
    expect(crisis.context.escalation).toMatchObject({
      takenOn: { by: NURSE, atMs: nowMs, untilMs: nowMs + LASTS_MS, step: 'on-call', asks: 0 },
      ...{ dueAtMs: nowMs + LASTS_MS - 300_000, waitMs: LASTS_MS - 300_000 },
    });
    expect(decisionOf(crisis)).toEqual({
      ...{ what: 'acknowledged', by: NURSE, note: null, atMs: nowMs },
    });
  });

  test('CR-5 is asked, asked again where that fails, and not once that was told', () => {
    const crisis = takenOn();
    crisis.nowMs += LASTS_MS - 300_000;
    crisis.tell('acknowledgement.ending');
    const askOf = () => crisis.context.escalation.takenOn;
    expect(askOf()).toMatchObject({ asks: 0, askAtMs: crisis.nowMs, askWaitMs: 0 });
    expect(crisis.context.escalation).toMatchObject({ waitMs: 300_000 });
    crisis.called().stepFailed('notHeard', { retryInMs: 400 });
    expect(askOf()).toMatchObject({ asks: 1, askAtMs: crisis.nowMs + 400, askWaitMs: 400 });
    crisis.called().notified();
    expect(askOf()).toMatchObject({ asks: 2, askAtMs: null });
  });

  test('CR-5 has five minutes after the question, though the clock was set back by years', () => {
    const crisis = takenOn();
    crisis.nowMs -= 26_907_516_364;
    crisis.tell('acknowledgement.ending');
    expect(crisis.context.escalation).toMatchObject({
      ...{ waitMs: 300_000, dueAtMs: crisis.nowMs + 300_000 },
    });
  });

  test('CR-5 has no time left where the end that they were told is past', () => {
    const crisis = takenOn();
    crisis.nowMs += 2 * LASTS_MS;
    crisis.tell('acknowledgement.ending');
    expect(crisis.context.escalation).toMatchObject({ waitMs: 0, dueAtMs: crisis.nowMs });
  });

  test('CR-5 gives it back, or lets it lapse: the chain begins with the step that they were told by', () => {
    const released = takenOn().release();
    expect(decisionOf(released)).toMatchObject({ what: 'released', by: NURSE, note: null });
    const lapsed = takenOn().tell('acknowledgement.ending').tell('acknowledgement.lapsed');
    for (const { context } of [released, lapsed]) {
      expect(context.escalation).toMatchObject({
        ...{ round: 2, from: 'on-call', anew: 0, takenOn: null, step: null },
      });
    }
  });

  test('CR-5 a word is kept as that: safe, called off by one of two, called off', () => {
    expect(decisionOf(notifying().saySafe())).toMatchObject({ what: 'saidSafe' });
    expect(decisionOf(notifying().propose())).toMatchObject({ what: 'callOffProposed', by: NURSE });
    const alone = notifying().send({
      ...{ type: 'callOff.requested', atMs: 5, by: NURSE, note: 'A test.', isAlone: true },
    });
    expect(decisionOf(alone)).toEqual({
      ...{ what: 'calledOff', by: NURSE, note: 'A test.', atMs: 5 },
      isAlone: true,
    });
    const byTwo = notifying().send({ type: 'callOff.requested', atMs: 5, by: NURSE });
    expect(decisionOf(byTwo)).toEqual({ what: 'calledOff', by: NURSE, note: null, atMs: 5 });
    const unknown = notifying().tell('callOff.requested');
    expect(decisionOf(unknown)).toBeUndefined();
    expect(lastOf(unknown)).toMatchObject({ what: 'calledOff', code: null });
  });
});
