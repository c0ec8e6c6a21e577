import { describe, expect, test } from 'vitest';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import type { Asker } from '../../../actors/flow/flowControl.ts';
import { SteadyClock } from '../../../actors/time/steadyClock.ts';
import { TimerService } from '../../../actors/time/timerService.ts';
import { Breaker } from '../../../actors/upstream/breaker.ts';
import { UpstreamGate } from '../../../actors/upstream/upstreamGate.ts';
import {
  type BreakerPolicy,
  checkBreakerPolicy,
} from '../../../machines/policy/breaker/breakerPolicy.ts';
import type { CallResult } from '../../../machines/vocabulary/callResult.ts';

import { seededRandom } from '../../../src/testing/seededRandom.ts';
import { VirtualClock } from '../../../src/testing/virtualClock.ts';
import { TEST_BREAKER_POLICY } from '../../support/harness/breakerHarness.ts';

const SLOTS_AFTER_OUTAGE = 4;

type Permit = NonNullable<ReturnType<UpstreamGate['tryEnter']>>;

const asker = (urgency: number): Asker => ({ id: null, urgency });

function openGate(options: Partial<BreakerPolicy> = {}, slotsMax = 32) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const timers = new TimerService(clock, (error) => errors.push(error));
  const policy = checkBreakerPolicy({ ...TEST_BREAKER_POLICY, ...options }, 'breaker');
  const breaker = new Breaker({
    component: 'breaker:payments',
    upstream: 'payments',
    policy,
    steady: new SteadyClock(clock, () => undefined),
    random: seededRandom(1),
    timers,
    facts: new FactStream(clock),
    system: new ActorSystem(undefined, (error) => errors.push(error)),
    keep: () => undefined,
    onChange: () => undefined,
    onFailed: (error) => errors.push(error),
  });
  const results: CallResult[] = [];
  const gate = new UpstreamGate({
    upstream: 'payments',
    breaker,
    slotsMax,
    onResult: (result) => results.push(result),
  });
  const enter = (): Permit => {
    const permit = gate.tryEnter(asker(1));
    if (permit === null) throw new Error('No permit was given.');
    return permit;
  };
  const call = (result: CallResult): void => {
    gate.leave(enter(), result, undefined);
  };
  /** Permits until there are no more. */
  const enterAll = (): Permit[] => {
    const permits: Permit[] = [];
    for (let next = gate.tryEnter(asker(1)); next !== null; next = gate.tryEnter(asker(1)))
      permits.push(next);
    return permits;
  };
  return {
    clock,
    breaker,
    gate,
    results,
    enter,
    enterAll,
    call,
    fail: () => {
      for (let count = 0; count < policy.consecutiveFailuresToOpen; count += 1) call('failure');
    },
    halfOpen: async () => {
      await clock.advance(policy.openMs);
    },
  };
}

describe('OP-6 slots', () => {
  test('OP-6 no more calls are in flight than there are slots', () => {
    const { gate, enter, enterAll } = openGate({}, 3);
    const first = enter();
    expect(enterAll()).toHaveLength(2);
    expect([gate.inFlight, gate.free]).toEqual([3, 0]);
    gate.leave(first, 'success', undefined);
    expect([gate.inFlight, gate.free]).toEqual([2, 1]);
    expect(enterAll()).toHaveLength(1);
  });

  test('DG-2 what is less urgent than the level of service allows is given no permit', () => {
    const { gate } = openGate();
    gate.urgencyBound = 1;
    expect(gate.tryEnter(asker(2))).toBeNull();
    expect(gate.tryEnter(asker(1))).not.toBeNull();
  });

  test('CB-5 a call that is let through sends the breaker no event', () => {
    const { breaker, call } = openGate();
    const before = breaker.snapshot;
    for (let count = 0; count < 50; count += 1) call('success');
    expect(breaker.snapshot).toBe(before);
  });
});

describe('CB-1 CB-2 an upstream that fails', () => {
  test('CB-1 failures in a row shut the gate; ignored calls are none', () => {
    const { gate, call, fail } = openGate();
    for (let count = 0; count < 20; count += 1) call('ignored');
    expect(gate.admits(1)).toBe(true);
    fail();
    expect([!gate.admits(1), gate.free]).toEqual([true, 0]);
    expect(gate.tryEnter(asker(0))).toBeNull();
  });

  test('CB-2 half open, only as many probes are out as the policy says', async () => {
    const { gate, fail, halfOpen, enterAll } = openGate({ probesMax: 2 });
    fail();
    await halfOpen();
    const [probe, ...others] = enterAll();
    expect(others).toHaveLength(1);
    expect(probe?.probeId).not.toBeNull();
    if (probe !== undefined) gate.leave(probe, 'ignored', undefined);
    expect(enterAll()).toHaveLength(1);
  });

  test('CB-2 a probe that fails shuts the gate again', async () => {
    const { gate, fail, halfOpen, call } = openGate();
    fail();
    await halfOpen();
    expect(gate.admits(1)).toBe(true);
    call('failure');
    expect(gate.admits(1)).toBe(false);
  });

  test('CB-3 a crisis is recorded while the gate is shut, and shuts it when it is not', () => {
    const { gate, results, fail } = openGate();
    fail();
    gate.recordCrisis('failure', undefined);
    expect(results).toHaveLength(4);
    const other = openGate();
    for (let count = 0; count < 3; count += 1) other.gate.recordCrisis('failure', undefined);
    expect(other.gate.admits(1)).toBe(false);
  });
});

describe('CB-2 a result that comes late', () => {
  test('CB-2 failures of an older generation do not shut the gate again', async () => {
    const { gate, enter, fail, halfOpen, call } = openGate();
    const late = [enter(), enter(), enter()];
    fail();
    await halfOpen();
    call('success');
    call('success');
    for (const permit of late) gate.leave(permit, 'failure', undefined);
    // Two more of its own are below the limit of three.
    call('failure');
    call('failure');
    expect(gate.admits(1)).toBe(true);
    expect(gate.inFlight).toBe(0);
  });

  test('CB-2 successes of an older generation do not open it', () => {
    const { gate, enter, fail } = openGate();
    const late = [enter(), enter(), enter()];
    fail();
    for (const permit of late) gate.leave(permit, 'success', undefined);
    expect(gate.admits(1)).toBe(false);
  });

  test('DG-3 successes of an older generation bring no slots back', async () => {
    const { gate, enter, enterAll, fail, halfOpen, call } = openGate({ probesToClose: 1 });
    const late = [enter(), enter(), enter()];
    fail();
    await halfOpen();
    call('success');
    for (const permit of late) gate.leave(permit, 'success', undefined);
    // One for the probe that succeeded.
    expect(enterAll()).toHaveLength(SLOTS_AFTER_OUTAGE + 1);
  });
});

describe('DG-3 slow start', () => {
  test('DG-3 after an outage a few may call, and each round trip doubles them', async () => {
    const { gate, fail, halfOpen, call, enterAll } = openGate();
    fail();
    await halfOpen();
    call('success');
    call('success');
    const rounds: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const permits = enterAll();
      rounds.push(permits.length);
      for (const permit of permits) gate.leave(permit, 'success', undefined);
    }
    expect(rounds).toEqual([5, 10, 20, 32]);
  });

  test('DG-3 calls that hang from before the outage take none of its slots', async () => {
    const { gate, fail, halfOpen, call, enter, enterAll } = openGate({ probesMax: 2 });
    const hanging = Array.from({ length: 12 }, enter);
    fail();
    await halfOpen();
    // One probe hangs as well, and another outage follows at once.
    const stuck = enter();
    call('failure');
    await halfOpen();
    await halfOpen();
    call('success');
    call('success');
    const permits = enterAll();
    expect(permits).toHaveLength(SLOTS_AFTER_OUTAGE + 1);
    for (const permit of [...hanging, stuck]) {
      gate.leave(permit, 'failure', undefined);
    }
    expect([enterAll(), gate.inFlight]).toEqual([[], SLOTS_AFTER_OUTAGE + 1]);
  });

  test('DG-3 OP-6 with those that hang, no more are in flight than there are slots', async () => {
    const { gate, fail, halfOpen, call, enter, enterAll } = openGate({}, 8);
    const hanging = Array.from({ length: 6 }, enter);
    fail();
    await halfOpen();
    call('success');
    call('success');
    expect(gate.free).toBe(2);
    expect(enterAll()).toHaveLength(2);
    for (const permit of hanging) gate.leave(permit, 'failure', undefined);
    expect(gate.free).toBe(3);
  });

  test('DG-3 what does not succeed brings no slot back', async () => {
    const { gate, fail, halfOpen, call, enterAll } = openGate({ consecutiveFailuresToOpen: 10 });
    fail();
    await halfOpen();
    call('success');
    call('success');
    const permits = enterAll();
    for (const [index, permit] of permits.entries()) {
      gate.leave(permit, index % 2 === 0 ? 'failure' : 'ignored', undefined);
    }
    expect(enterAll()).toHaveLength(permits.length);
  });
});

describe('RT-1 whether the upstream serves others', () => {
  test('RT-1 a failure after a success may be about its request, one of a row is not', () => {
    const { gate, enter } = openGate();
    const ends = (result: CallResult): boolean => gate.leave(enter(), result, undefined);
    // Nothing is known of an earlier process.
    expect(ends('failure')).toBe(false);
    expect(ends('success')).toBe(false);
    expect(ends('failure')).toBe(true);
    expect(ends('ignored')).toBe(false);
    expect(ends('failure')).toBe(false);
    gate.recordCrisis('success', undefined);
    expect(ends('failure')).toBe(true);
  });

  test('RT-1 while the breaker is not closed from begin to end, no failure is about its request', async () => {
    const { gate, enter, call, halfOpen } = openGate({ consecutiveFailuresToOpen: 1 });
    const [early, inFlight] = [enter(), enter()];
    call('success');
    // It trips the breaker itself.
    expect(gate.leave(early, 'failure', undefined)).toBe(false);
    await halfOpen();
    call('success');
    call('success');
    expect(gate.admits(1)).toBe(true);
    // The breaker is closed again, and was not meanwhile.
    expect(gate.leave(inFlight, 'failure', undefined)).toBe(false);
  });
});
