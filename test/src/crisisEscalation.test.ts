/**
 * A crisis that can't be delivered fast: people are told, one after the other, until one of them takes it
 * on; and it goes on until it is through. On virtual time; with real files, processes and HTTP:
 * crisisEscalationWebhook.test.ts, test/oracle/restart/crisisEscalation.test.ts.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { EscalationNotice, Fact } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { DEFAULT_RETRY } from '../../machines/policy/retry/retryPolicy.ts';
import type { EscalationStepOptions } from '../../src/crisis/escalationOptions.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const PERSON = { subject: 'user-42', payload: { words: 'I can not go on' } } as const;
const { attemptsMax } = DEFAULT_RETRY.crisis;
const DAY_MS = 86_400_000;

/** What the outside world does, and what it saw. */
class Outside {
  isUpstreamDown = true;
  readonly deliveredAtMs: number[] = [];
  readonly notices: EscalationNotice[] = [];
  readonly facts: Fact[] = [];
  /** How a step answers a call; by default it is told. */
  answer: (notice: EscalationNotice, signal: AbortSignal) => unknown = () => null;

  step(name: string, more: Partial<EscalationStepOptions> = {}): EscalationStepOptions {
    return {
      name,
      notify: (notice, { signal }) => {
        this.notices.push(notice);
        return this.answer(notice, signal);
      },
      ...more,
    };
  }

  get called(): readonly string[] {
    return this.notices.map(({ step, call }) => `${step} ${call}`);
  }

  kinds(...kinds: readonly Fact['kind'][]): readonly Fact[] {
    return this.facts.filter(({ kind }) => kinds.includes(kind));
  }
}

const CHAIN = ['on-call', 'clinician', 'emergency'] as const;

/** A process whose upstream is down as `outside` says, with a chain of three steps. */
function boot(
  world: World,
  outside: Outside,
  crisis: object = { escalation: CHAIN.map((name) => outside.step(name)) },
  handlers: object = {
    'crisis.alert': {
      upstream: 'default',
      run: () => {
        if (outside.isUpstreamDown) throw transientFailure('Down.');
        outside.deliveredAtMs.push(world.clock.now());
        return null;
      },
    },
  },
): Process {
  const process = world.boot({ crisis, handlers: { ...handlers } });
  process.runtime.subscribe((fact) => outside.facts.push(fact));
  return process;
}

/** Has a person call for help, and the crisis on disk. */
async function callForHelp(world: World, { runtime }: Pick<Process, 'runtime'>): Promise<string> {
  await world.clock.run(runtime.ready);
  const { operationId, durable } = await runtime.crisis(PERSON);
  await world.clock.run(durable);
  return operationId ?? '';
}

describe('CR-5 CR-4 it escalates', () => {
  test('CR-5 its fast attempts are used up: told once, with no word of whose it is, over a restart too', async () => {
    const world = createWorld();
    const { clock } = world;
    const outside = new Outside();
    const first = boot(world, outside, {});
    const id = await callForHelp(world, first);
    await clock.advance(1_000);
    expect(outside.kinds('crisis.escalated')).toEqual([]);
    await clock.advance(600_000);
    expect(outside.kinds('crisis.escalated')).toMatchObject([
      {
        ...{ operationId: id, type: 'crisis.alert', upstream: 'default' },
        ...{ attempt: attemptsMax, cause: 'attemptsUsedUp' },
      },
    ]);
    first.kill();
    const second = boot(world, outside, {});
    await clock.run(second.runtime.ready);
    await clock.advance(600_000);
    expect(outside.kinds('crisis.escalated')).toHaveLength(1);
    expect(JSON.stringify(outside.facts)).not.toContain(PERSON.subject);
    outside.isUpstreamDown = false;
    expect(await clock.run(second.runtime.operations.get(id).outcome)).toMatchObject({
      status: 'completed',
    });
  });

  test.each([
    ['nobody has said where crises go', {}],
    [
      'its delivery hangs',
      { 'crisis.alert': { upstream: 'default', attemptTimeoutMs: 300_000, run: () => never() } },
    ],
  ])('CR-5 %s: people are told after 60 s', async (_, handlers) => {
    const world = createWorld();
    const outside = new Outside();
    await callForHelp(world, boot(world, outside, undefined, handlers));
    await world.clock.advance(59_000);
    expect(outside.called).toEqual([]);
    await world.clock.advance(2_000);
    expect(outside.called).toEqual(['on-call 1']);
    expect(outside.kinds('crisis.escalated')).toMatchObject([{ cause: 'notInTime' }]);
  });

  test('CR-5 without a chain the fact is told, onError says so, and health shows it until it is through', async () => {
    const world = createWorld();
    const outside = new Outside();
    const { runtime, errors } = boot(world, outside, {});
    await callForHelp(world, { runtime });
    expect(runtime.getHealthStatus().crises).toMatchObject({ escalated: 0, unacknowledged: 0 });
    await world.clock.advance(120_000);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'critical',
      crises: { escalated: 1, unacknowledged: 1, exhausted: 1 },
      reasons: expect.arrayContaining([expect.stringContaining('nobody has taken it on')]),
    });
    expect(outside.kinds('crisis.exhausted')).toEqual([]);
    expect(errors).toContainEqual(expect.objectContaining({ code: 'HF_CRISIS_ESCALATED' }));
    outside.isUpstreamDown = false;
    await world.clock.advance(60_000);
    expect(runtime.getHealthStatus().crises).toMatchObject({ escalated: 0, unacknowledged: 0 });
  });

  test('CR-5 control: a crisis that is delivered tells nobody', async () => {
    const world = createWorld();
    const outside = new Outside();
    outside.isUpstreamDown = false;
    await callForHelp(world, boot(world, outside));
    await world.clock.advance(DAY_MS);
    expect([outside.called, outside.kinds('crisis.escalated')]).toEqual([[], []]);
  });
});

describe('CR-5 the chain', () => {
  test('CR-5 step by step, each with its time to take it on, until the chain begins anew', async () => {
    const world = createWorld();
    const outside = new Outside();
    const times = [60_000, 120_000, 30_000];
    const escalation = CHAIN.map((name, at) =>
      outside.step(name, { acknowledgeWithinMs: times[at] }),
    );
    const { runtime, errors } = boot(world, outside, { escalation });
    const id = await callForHelp(world, { runtime });
    // Until its fast attempts are used up, at most a minute.
    while (outside.notices.length === 0) await world.clock.advance(100);
    await world.clock.advance(59_000);
    expect(outside.called).toEqual(['on-call 1']);
    await world.clock.advance(2_000);
    expect(outside.called).toEqual(['on-call 1', 'clinician 1']);
    await world.clock.advance(118_000);
    expect(outside.called).toHaveLength(2);
    await world.clock.advance(2_000);
    const all = ['on-call 1', 'clinician 1', 'emergency 1'];
    expect(outside.called).toEqual(all);
    expect(outside.kinds('crisis.exhausted')).toEqual([]);
    await world.clock.advance(29 * 60_000);
    expect(outside.called).toEqual(all);
    expect(outside.kinds('crisis.stepNotified')).toMatchObject(
      CHAIN.map((step) => ({ operationId: id, step, calls: 1 })),
    );
    expect(outside.kinds('crisis.exhausted')).toMatchObject([
      { operationId: id, stepsNotified: 3, round: 1 },
    ]);
    const message = expect.stringContaining('nobody is left');
    expect(errors).toContainEqual(expect.objectContaining({ message }));
    expect(runtime.getHealthStatus().crises).toMatchObject({ unacknowledged: 1, exhausted: 1 });
    // Its delivery went on all the while.
    outside.isUpstreamDown = false;
    await world.clock.advance(60_000);
    expect(outside.deliveredAtMs).toHaveLength(1);
    expect(outside.kinds('crisis.escalationEnded')).toMatchObject([{ ending: 'completed' }]);
  });

  test('CR-5 SE-5 what a step is told: whose crisis and since when, and nothing of what it holds', async () => {
    const world = createWorld();
    const outside = new Outside();
    const { runtime } = boot(world, outside);
    const id = await callForHelp(world, { runtime });
    const { acceptedAtMs } = await world.clock.run(runtime.operations.get(id).view());
    await world.clock.advance(120_000);
    const [notice] = outside.notices;
    expect(notice).toEqual({
      eventId: `escalation:${id}`,
      idempotencyKey: `escalation:${id}:on-call`,
      operationId: id,
      subject: PERSON.subject,
      type: 'crisis.alert',
      tier: 'premium',
      step: 'on-call',
      call: 1,
      cause: 'attemptsUsedUp',
      failure: 'HF_ATTEMPT_FAILED',
      attempt: attemptsMax,
      acceptedAtMs,
      escalatedAtMs: expect.any(Number),
      count: 1,
      operationIds: [id],
      people: 1,
      subjects: [PERSON.subject],
      again: false,
      notedBy: null,
      takenOnBy: null,
      saidSafeAtMs: null,
      test: false,
      ask: null,
      lapsesAtMs: null,
    });
    expect(JSON.stringify([outside.notices, outside.facts])).not.toContain('go on');
  });

  test('CR-5 a step that fails is called again as often as is set, then the next is told at once', async () => {
    const world = createWorld();
    const outside = new Outside();
    outside.answer = ({ step }) => {
      if (step === 'on-call') throw new Error('No route to user-42.');
    };
    const retry = { attemptsMax: 4, initialDelayMs: 500 };
    const escalation = [outside.step('on-call', { retry }), outside.step('clinician')];
    const { runtime, errors } = boot(world, outside, { escalation });
    await callForHelp(world, { runtime });
    while (!outside.called.includes('clinician 1')) await world.clock.advance(100);
    const calls = [1, 2, 3, 4];
    expect(outside.called).toEqual([...calls.map((call) => `on-call ${call}`), 'clinician 1']);
    expect(new Set(outside.notices.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
    expect(outside.kinds('crisis.stepFailed')).toMatchObject(
      calls.map((call) => ({
        ...{ step: 'on-call', calls: call, why: 'notHeard', makesWay: call === 4 },
      })),
    );
    // What it threw is for who asks for it, and in no message.
    const told = errors.filter((error) => String(error).includes('on-call'));
    expect(told).toHaveLength(1);
    expect(String(told[0])).not.toContain('user-42');
    expect((told[0] as Error).cause).toMatchObject({ message: 'No route to user-42.' });
  });

  test('CR-5 a step that hangs is cut off at its time limit, and holds up no other', async () => {
    const world = createWorld();
    const outside = new Outside();
    const signals: AbortSignal[] = [];
    outside.answer = ({ step }, signal) => {
      if (step !== 'on-call') return null;
      signals.push(signal);
      return never();
    };
    const escalation = [outside.step('on-call', { timeoutMs: 5_000 }), outside.step('clinician')];
    await callForHelp(world, boot(world, outside, { escalation }));
    while (outside.notices.length === 0) await world.clock.advance(100);
    await world.clock.advance(4_500);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await world.clock.advance(2_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(outside.called).toEqual(['on-call 1', 'clinician 1']);
    expect(outside.kinds('crisis.stepFailed')).toMatchObject([
      { why: 'maybeHeard', makesWay: true },
    ]);
  });

  test('CR-5 delivered while a step is being told: the call is cut off, and the chain ends', async () => {
    const world = createWorld();
    const outside = new Outside();
    let isCutOff = false;
    outside.answer = (_, signal) => {
      signal.addEventListener('abort', () => {
        isCutOff = true;
      });
      return never();
    };
    const escalation = [outside.step('on-call', { timeoutMs: 3_600_000 })];
    await callForHelp(world, boot(world, outside, { escalation }));
    while (outside.notices.length === 0) await world.clock.advance(100);
    outside.isUpstreamDown = false;
    await world.clock.advance(60_000);
    expect([outside.deliveredAtMs.length, isCutOff]).toEqual([1, true]);
    await world.clock.advance(DAY_MS);
    expect(outside.called).toEqual(['on-call 1']);
    expect(outside.kinds('crisis.stepFailed', 'crisis.exhausted')).toEqual([]);
  });

  test('CR-5 called off, nobody else is told', async () => {
    const world = createWorld();
    const outside = new Outside();
    const { runtime } = boot(world, outside);
    const id = await callForHelp(world, { runtime });
    while (outside.notices.length === 0) await world.clock.advance(100);
    await world.clock.run(runtime.operations.get(id).cancel());
    await world.clock.advance(DAY_MS);
    expect(outside.called).toEqual(['on-call 1']);
    expect(outside.kinds('crisis.calledOff', 'crisis.escalationEnded')).toMatchObject([
      { operationId: id, by: null },
      { operationId: id, ending: 'cancelled' },
    ]);
  });
});

describe('CR-5 over the end of a process, and whatever the disk and the clock do', () => {
  test('CR-5 a step that was told is told no more, and what is due is told by the next process', async () => {
    const world = createWorld();
    const outside = new Outside();
    const first = boot(world, outside);
    await callForHelp(world, first);
    while (outside.notices.length === 0) await world.clock.advance(100);
    await world.clock.advance(10_000);
    first.kill();
    await world.clock.advance(60_000);
    const second = boot(world, outside);
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(200_000);
    // Its five minutes are counted from when it was told.
    expect(outside.called).toEqual(['on-call 1']);
    await world.clock.advance(40_000);
    expect(outside.called).toEqual(['on-call 1', 'clinician 1']);
    expect(second.runtime.getHealthStatus().crises).toMatchObject({ unacknowledged: 1 });
  });

  test('CR-5 killed while a step is being told, it is told again under the same key', async () => {
    const world = createWorld();
    const outside = new Outside();
    outside.answer = () => (outside.notices.length === 1 ? never() : null);
    const first = boot(world, outside);
    await callForHelp(world, first);
    while (outside.notices.length === 0) await world.clock.advance(100);
    first.kill();
    const second = boot(world, outside);
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(30_000);
    expect(outside.called).toEqual(['on-call 1', 'on-call 2']);
    const [one, two] = outside.notices;
    expect(one?.idempotencyKey).toBe(two?.idempotencyKey);
  });

  test('CR-5 a call that ends its process each time makes way to the next step', async () => {
    const world = createWorld();
    const outside = new Outside();
    outside.answer = ({ step }) => (step === 'on-call' ? never() : null);
    let process = boot(world, outside);
    await callForHelp(world, process);
    for (let crash = 0; crash < 10; crash += 1) {
      const before = outside.notices.length;
      while (outside.notices.length === before && !outside.called.includes('clinician 1')) {
        await world.clock.advance(100);
      }
      await world.clock.advance(100);
      process.kill();
      process = boot(world, outside);
      await world.clock.run(process.runtime.ready);
    }
    // Five in a row are known, and a kill forgets one or the other.
    expect(outside.called.filter((name) => name.startsWith('on-call')).length).toBeLessThan(9);
    expect(outside.called.filter((name) => name.startsWith('clinician'))).toHaveLength(1);
  });

  test('SV-4 CR-5 an orderly stop waits for a step that is being told, and it is told no more', async () => {
    const world = createWorld();
    const outside = new Outside();
    outside.answer = async () => {
      await new Promise<void>((resolve) => {
        world.clock.schedule(2_000, resolve);
      });
    };
    const first = boot(world, outside);
    await callForHelp(world, first);
    while (outside.notices.length === 0) await world.clock.advance(100);
    await world.clock.run(first.runtime.close({ deadlineMs: 10_000 }));
    const second = boot(world, outside);
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(60_000);
    expect(outside.called).toEqual(['on-call 1']);
  });

  test.each(['fails', 'hangs'] as const)(
    'CR-4 CR-5 while the disk %s, it escalates from memory, each step once',
    async (how) => {
      const world = createWorld();
      const outside = new Outside();
      const { runtime, store } = boot(world, outside);
      await callForHelp(world, { runtime });
      if (how === 'fails') store.faults.fate = () => 'failsUnwritten';
      else store.faults.delayMs = () => 100 * DAY_MS;
      await world.clock.advance(40 * 60_000);
      expect(outside.called).toEqual(['on-call 1', 'clinician 1', 'emergency 1']);
      expect(runtime.getHealthStatus().crises).toMatchObject({ exhausted: 1 });
    },
  );

  test.each([
    ['forward by a day', DAY_MS],
    ['back by a day', -DAY_MS],
  ])(
    'CR-5 the clock set %s while a step has its time: that is as long as it was',
    async (_, ms) => {
      const world = createWorld();
      const outside = new Outside();
      await callForHelp(world, boot(world, outside));
      while (outside.notices.length === 0) await world.clock.advance(100);
      world.clock.setWall(ms);
      await world.clock.advance(295_000);
      expect(outside.called).toEqual(['on-call 1']);
      await world.clock.advance(10_000);
      expect(outside.called).toEqual(['on-call 1', 'clinician 1']);
    },
  );

  test('CR-5 the clock set back over a restart: the next step waits no longer than was set', async () => {
    const world = createWorld();
    const outside = new Outside();
    const first = boot(world, outside);
    await callForHelp(world, first);
    while (outside.notices.length === 0) await world.clock.advance(100);
    await world.clock.advance(1_000);
    first.kill();
    world.clock.setWall(-DAY_MS);
    const second = boot(world, outside);
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(301_000);
    expect(outside.called).toEqual(['on-call 1', 'clinician 1']);
  });
});

function never(): Promise<never> {
  return new Promise(() => undefined);
}
