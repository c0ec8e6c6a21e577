import { describe, expect, test } from 'vitest';
import type { Permit } from '../../../actors/operation/flowControl.ts';
import { UNUSED } from '../../../machines/policy/flow/callReport.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { createFlow } from '../../support/harness/flowHarness.ts';

describe('OP-6 slots', () => {
  test('OP-6 no more calls are in flight than slots are open, and never more than there are', () => {
    const { flow, enter, enterAll, end } = createFlow({ concurrency: 3 });
    const first = enter();
    expect(enterAll()).toHaveLength(2);
    expect([flow.inFlight, flow.free]).toEqual([3, 0]);
    end(first, 'answered');
    expect([flow.inFlight, flow.free]).toEqual([2, 1]);
  });

  test('PF-6 a permit given back twice changes nothing, and is told', () => {
    const { flow, enter, end, errors } = createFlow();
    const permit = enter();
    end(permit, 'answered');
    expect(end(permit, 'failed')).toEqual({ isUpstreamWell: false, isDoubted: false });
    expect(flow.inFlight).toBe(0);
    expect(errors).toMatchObject([{ code: 'HF_INTERNAL' }]);
    expect(flow.leave({ flow, timeoutMs: 1, beganAtMs: 0 }, UNUSED).isDoubted).toBe(false);
    expect(errors).toHaveLength(2);
  });

  test('PF-6 what has timed out is counted once, and holds its slot until its handler returns', () => {
    const { flow, enter, end } = createFlow({ concurrency: 2 });
    const [hangs] = [enter(), enter()];
    flow.tell(hangs, { sign: 'timedOut' });
    flow.tell(hangs, { sign: 'timedOut' });
    expect([flow.inFlight, flow.free]).toEqual([2, 0]);
    end(hangs, 'answered');
    expect([flow.inFlight, flow.free]).toEqual([1, 1]);
  });

  test('PF-1 PF-6 a call is measured from its begin, not from when its slot was reserved for it', async () => {
    const { clock, flow, enter, end } = createFlow();
    const permit = enter();
    await clock.advance(5_000);
    expect(flow.began(permit, clock.monotonic())).toBe(true);
    await clock.advance(20);
    end(permit, 'answered');
    expect(flow.reading.latencyMs).toBe(20);
  });

  test('CB-1 PS-2 a call whose order was written while the upstream went down is not made', async () => {
    const { clock, flow, upstream, enter, enterAll, end, toProbe } = createFlow();
    const permits = enterAll();
    const late = permits.pop() as Permit;
    for (const permit of permits) end(permit, 'failed');
    expect(upstream.breaker.snapshot.value).toBe('open');
    expect(flow.began(late, clock.monotonic())).toBe(false);
    flow.leave(late, UNUSED);
    await toProbe();
    const probe = enter();
    expect(flow.began(probe, clock.monotonic())).toBe(true);
    end(probe, 'answered');
    expect(flow.inFlight).toBe(0);
  });

  test('CB-5 a call that is let through sends no chart an event', () => {
    const { upstream, call } = createFlow();
    call('answered');
    const before = [upstream.breaker.snapshot, upstream.chart.context];
    for (let count = 0; count < 15; count += 1) call('answered');
    expect([upstream.breaker.snapshot, upstream.chart.context]).toEqual(before);
  });

  test('SV-1 PS-5 nothing goes out before the start, after the stop, or while one runs alone', () => {
    const { flow } = createFlow();
    const answer = (isAlone = false) => flow.mayRun({ id: null, urgency: 1, isAlone });
    for (const [intake, because] of [
      ['notStarted', 'start'],
      ['isolated', 'suspect'],
      ['stopped', 'stopping'],
    ] as const) {
      flow.setIntake(intake);
      expect([answer(), flow.free]).toEqual([{ may: false, because, untilAtMs: null }, 0]);
    }
    flow.setIntake('isolated');
    expect(answer(true)).toEqual({ may: true });
  });

  test('PS-6 nothing goes out while nothing can be made durable', () => {
    const { flow, state } = createFlow();
    state.isDown = true;
    expect(flow.mayRun({ id: null, urgency: 1 })).toMatchObject({ because: 'storage' });
    expect(flow.free).toBe(0);
  });
});

describe('CB-1 CB-2 an upstream that goes down', () => {
  test('CB-1 failures in a row shut it; what says nothing of it does not', () => {
    const { flow, call, goDown } = createFlow();
    for (let count = 0; count < 50; count += 1) call('silent');
    for (let count = 0; count < 50; count += 1) call(count % 10 === 0 ? 'pushedBack' : 'answered');
    expect(flow.mayRun({ id: null, urgency: 1 }).may).toBe(true);
    goDown();
    expect(flow.mayRun({ id: null, urgency: 0 })).toMatchObject({ because: 'breaker' });
    expect([flow.free, flow.isDoubted]).toEqual([0, true]);
  });

  test('CB-1 an operator is told apart from an outage', () => {
    const { flow, upstream, steady } = createFlow();
    upstream.breaker.send({ type: 'operator.forcedOpen', atMs: steady.now() });
    expect(flow.mayRun({ id: null, urgency: 1 })).toEqual({
      may: false,
      because: 'operator',
      untilAtMs: null,
    });
  });

  test('CB-2 its first success closes it; the slots open again from a few', async () => {
    const { flow, upstream, goDown, toProbe, enter, end, call } = createFlow();
    for (let count = 0; count < 60; count += 1) call('answered');
    goDown();
    await toProbe();
    expect([upstream.breaker.snapshot.value, flow.free]).toEqual(['halfOpen', 1]);
    const probe = enter();
    expect(flow.mayRun({ id: null, urgency: 1 })).toMatchObject({ because: 'probe' });
    end(probe, 'answered');
    expect(upstream.breaker.snapshot.value).toBe('closed');
    expect(flow.free).toBeLessThan(flow.slotsMax);
    expect(upstream.chart.pace).toBe('ramping');
  });

  test('CB-2 a probe that is answered by 429 closes it; one that says nothing gives its place back', async () => {
    const { upstream, goDown, toProbe, call } = createFlow();
    goDown();
    await toProbe();
    call('silent');
    expect(upstream.breaker.snapshot.value).toBe('halfOpen');
    call('pushedBack');
    expect(upstream.breaker.snapshot.value).toBe('closed');
  });

  test('CB-2 late failures of calls from before an outage do not open it again', async () => {
    const { upstream, toProbe, enterAll, end, call } = createFlow();
    const late = enterAll();
    while (upstream.breaker.snapshot.value === 'closed') end(late.pop() as Permit, 'failed');
    expect(late.length).toBeGreaterThan(0);
    await toProbe();
    call('answered');
    for (const permit of late) expect(end(permit, 'timedOut').isDoubted).toBe(true);
    expect(upstream.breaker.snapshot.value).toBe('closed');
  });

  test('CB-2 control: as many failures of calls that began since do', async () => {
    const { upstream, goDown, toProbe, call } = createFlow();
    goDown();
    await toProbe();
    call('answered');
    goDown();
    expect(upstream.breaker.snapshot.value).toBe('open');
  });

  test('RT-1 an instant in the outage is known for one, from its first failure on', async () => {
    const { clock, steady, flow, goDown, toProbe, call } = createFlow();
    await clock.advance(1_000);
    const upMs = flow.upMs;
    const beganAtMs = steady.now();
    goDown();
    await toProbe();
    call('answered');
    await clock.advance(5_000);
    expect([beganAtMs - 1, beganAtMs, beganAtMs + 5_000].map((at) => flow.wasOutage(at))).toEqual([
      false,
      true,
      false,
    ]);
    expect(flow.upMs - upMs).toBe(5_000);
  });

  test('RT-1 the upstream is well where others are served', () => {
    const { call } = createFlow();
    expect(call('failed')).toEqual({ isUpstreamWell: false, isDoubted: false });
    expect(call('answered').isUpstreamWell).toBe(false);
    expect(call('failed')).toEqual({ isUpstreamWell: true, isDoubted: false });
    expect(call('failed').isUpstreamWell).toBe(false);
  });
});

describe('defects that were', () => {
  test.each([
    { slotsAtStart: 8, seed: 7 },
    ...Array.from({ length: 20 }, (_, seed) => ({ slotsAtStart: 128, seed })),
  ])(
    'CB-1 B4 a twentieth of calls that fail at once, at 128 in flight, do not trip it: %o',
    async ({ slotsAtStart, seed }) => {
      const { clock, upstream, flow, end } = createFlow({
        concurrency: 128,
        tuning: { slotsAtStart },
      });
      const random = seededRandom(seed);
      let calls = 0;
      let most = 0;
      const start = (): void => {
        for (;;) {
          const permit = calls < 5_000 ? flow.tryEnter({ id: null, urgency: 1 }) : null;
          if (permit === null) return;
          calls += 1;
          most = Math.max(most, flow.inFlight);
          const fails = random.next() < 0.05;
          clock.schedule(fails ? 1 : 20, () => {
            end(permit, fails ? 'failed' : 'answered');
            start();
          });
        }
      };
      flow.onChange(start);
      start();
      await clock.advance(60_000);
      expect([calls, flow.inFlight]).toEqual([5_000, 0]);
      expect(most).toBeGreaterThan(100);
      expect(upstream.breaker.snapshot.context.generation).toBe(1);
    },
  );

  test('CB-3 B5 crises that fail count nowhere, however many', () => {
    const { flow, upstream, call } = createFlow();
    for (let count = 0; count < 100; count += 1) {
      flow.recordCrisis({ sign: 'busy' });
      call('answered');
    }
    expect([upstream.breaker.snapshot.value, upstream.level.level]).toEqual(['closed', 'normal']);
  });

  test('CB-3 B13 a crisis that is delivered closes it; one from before the outage proves nothing', async () => {
    const { clock, flow, upstream, goDown } = createFlow();
    await clock.advance(10_000);
    goDown();
    flow.recordCrisis({ sign: 'answered' }, 8_000);
    expect(upstream.breaker.snapshot.value).toBe('open');
    flow.recordCrisis({ sign: 'answered' }, 0);
    expect(upstream.breaker.snapshot.value).toBe('closed');
    for (let count = 0; count < 50; count += 1) flow.recordCrisis({ sign: 'timedOut' }, 8_000);
    expect(upstream.breaker.snapshot.value).toBe('closed');
  });

  test.each([5_000, 10_000, 60_000, 300_000])(
    'CB-2 after %i ms in which calls hang, the first success comes as soon as after failures',
    async (lengthMs) => {
      const laterMs: number[] = [];
      let most = 0;
      for (let seed = 1; seed <= 15; seed += 1) {
        const { clock, flow, upstream, enter, end, call, enterAll } = createFlow({ seed });
        for (let count = 0; count < 20; count += 1) {
          const permit = enter();
          await clock.advance(50);
          end(permit, 'answered');
        }
        const begunAtMs = clock.monotonic();
        const isUp = (): boolean => clock.monotonic() - begunAtMs >= lengthMs;
        let recoveredAtMs = 0;
        const start = (): void => {
          for (const permit of recoveredAtMs > 0 ? [] : enterAll()) {
            const hangs = !isUp();
            if (upstream.breaker.decision.mode !== 'pass') most = Math.max(most, flow.inFlight);
            clock.schedule(hangs ? permit.timeoutMs : 50, () => {
              end(permit, hangs ? 'timedOut' : 'answered');
              if (!hangs && recoveredAtMs === 0) recoveredAtMs = clock.monotonic();
              start();
            });
          }
        };
        flow.onChange(start);
        start();
        await clock.advance(lengthMs + 60_000);
        expect(upstream.breaker.snapshot.value).toBe('closed');
        expect(call('answered').isDoubted).toBe(false);
        laterMs.push(recoveredAtMs - begunAtMs - lengthMs);
      }
      const sorted = laterMs.toSorted((one, other) => one - other);
      const allowedMs = Math.min(16_000, Math.max(500, 0.07 * lengthMs));
      expect(sorted[7]).toBeLessThanOrEqual(allowedMs);
      expect(sorted.at(-1)).toBeLessThanOrEqual(2 * allowedMs);
      expect(most).toBeLessThanOrEqual(32);
    },
  );

  test('CB-2 B25 a probe that takes longer than anything before it still closes', async () => {
    const { clock, upstream, goDown, toProbe, enter, end } = createFlow({
      attemptTimeoutMs: 60_000,
    });
    goDown();
    await toProbe();
    const probe = enter();
    await clock.advance(55_000);
    end(probe, 'answered');
    expect(upstream.breaker.snapshot.value).toBe('closed');
  });
});

describe('DG-2 levels', () => {
  test('DG-2 B6 the level of the process parks, and holds no probe of what is alone', async () => {
    const { flow, state, upstream, goDown, toProbe } = createFlow();
    state.level = 'criticalOnly';
    upstream.refresh();
    goDown();
    await toProbe();
    const probe = flow.tryEnter({ id: 'low', urgency: 11, isNext: true });
    expect(probe).not.toBeNull();
    flow.leave(probe as Permit, { sign: 'answered' });
    expect(upstream.breaker.snapshot.value).toBe('closed');
  });

  test('DG-2 what is parked makes way, has what is left, and its share', () => {
    const { flow, state, upstream } = createFlow({ concurrency: 32, tuning: { slotsAtStart: 32 } });
    state.level = 'limited';
    upstream.refresh();
    const parked = (isNext = false) => flow.tryEnter({ id: null, urgency: 11, isNext });
    expect(flow.trickle).toBe(2);
    const share = [parked(), parked()];
    expect([flow.trickle, parked()]).toEqual([0, null]);
    expect(flow.mayRun({ id: null, urgency: 11 })).toMatchObject({ because: 'level' });
    expect(parked(true)).not.toBeNull();
    expect(flow.trickle).toBe(0);
    flow.leave(share[0] as Permit, { sign: 'answered' });
    expect(flow.trickle).toBe(1);
  });

  test('DG-1 slots that are asked for in vain while they open call for limited, until there are enough', async () => {
    const { clock, flow, upstream, enterAll, end, told } = createFlow();
    expect(upstream.level.level).toBe('normal');
    const permits = enterAll();
    end(permits.pop() as Permit, 'answered');
    expect([upstream.level.level, upstream.level.causes]).toEqual(['limited', ['ramp']]);
    await clock.advance(0);
    for (const permit of permits) end(permit, 'answered');
    expect([flow.inFlight, upstream.level.level]).toEqual([0, 'normal']);
    await clock.advance(0);
    expect(told.filter(({ kind }) => kind === 'level.changed')).toHaveLength(2);
  });
});

describe('PF-5 rates', () => {
  test('PF-5 whoever finds no token waits until its time, and is told then', async () => {
    const { clock, flow, steady, call } = createFlow({ rate: { perSecond: 10, burst: 2 } });
    let changes = 0;
    flow.onChange(() => {
      changes += 1;
    });
    await clock.advance(0);
    changes = 0;
    call('answered');
    call('answered');
    const answer = flow.mayRun({ id: null, urgency: 1 });
    expect(answer).toEqual({ may: false, because: 'rate', untilAtMs: steady.now() + 100 });
    await clock.advance(100);
    expect(changes).toBeGreaterThan(0);
    expect(flow.mayRun({ id: null, urgency: 1 }).may).toBe(true);
  });

  test('PF-5 a permit that nobody used gives its token back', () => {
    const { flow, enter } = createFlow({ rate: { perSecond: 1, burst: 1 } });
    flow.leave(enter(), UNUSED);
    expect(flow.free).toBe(flow.slotsMax < 8 ? flow.slotsMax : 8);
    enter();
    expect(flow.free).toBe(0);
  });
});

describe('CB-4 over a restart', () => {
  test('CB-4 slots do not open all at once where the last process died while they opened', async () => {
    const { kept, flow, goDown, toProbe, call, enterAll } = createFlow({ concurrency: 128 });
    for (let count = 0; count < 400; count += 1) call('answered');
    goDown();
    await toProbe();
    call('answered');
    const open = flow.reading.slots;
    expect(enterAll().length).toBeLessThan(64);
    const next = createFlow({ concurrency: 128, kept });
    expect(next.upstream.chart.pace).toBe('ramping');
    expect(next.flow.reading.slots).toBe(open);
  });

  test('CB-4 an open breaker is open after it, and the flow is down', () => {
    const { kept, goDown } = createFlow();
    goDown();
    const next = createFlow({ kept });
    expect(next.upstream.breaker.snapshot.value).toBe('open');
    expect([next.flow.free, next.upstream.chart.pace]).toEqual([0, 'down']);
  });

  test('CB-4 another policy loses nothing that is known', () => {
    const { flow, upstream, goDown, call, change } = createFlow();
    for (let count = 0; count < 30; count += 1) call('answered');
    const { slots } = flow.reading;
    const wider = { ...upstream.policy.flow, slotsMax: 100 };
    change(
      { ...upstream.policy, flow: wider, concurrency: 100 },
      {
        leaveShare: 0.5,
        eventLoopDelayMsLimited: 1,
        eventLoopDelayMsCriticalOnly: 2,
      },
    );
    expect([flow.slotsMax, flow.reading.slots]).toEqual([100, slots]);
    goDown();
    change(upstream.policy, { ...upstream.level.policy });
    expect([upstream.breaker.snapshot.value, flow.free]).toEqual(['open', 0]);
  });
});

test('PF-6 what the flow meter finds out is told, with its numbers', async () => {
  const { clock, told, enter, end, flow } = createFlow({ concurrency: 12 });
  for (let count = 0; count < 60; count += 1) {
    const permits: Permit[] = [];
    while (flow.free > 0) permits.push(enter());
    await clock.advance(20);
    for (const permit of permits) end(permit, 'answered');
  }
  const news = told.filter(({ kind }) => kind === 'flow.changed');
  expect(news).toContainEqual(
    expect.objectContaining({ upstream: 'payments', what: 'ramp.ended', to: 12 }),
  );
});
