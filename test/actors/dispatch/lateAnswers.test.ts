import { describe, expect, test } from 'vitest';
import { Suspects } from '../../../actors/dispatch/suspects.ts';
import { UpstreamQueue } from '../../../actors/dispatch/upstreamQueue.ts';
import type { Permit } from '../../../actors/flow/flowControl.ts';
import type { Resident } from '../../../actors/operation/resident.ts';
import { SteadyClock } from '../../../actors/time/steadyClock.ts';
import { TimerService } from '../../../actors/time/timerService.ts';
import {
  CRASHES_IN_A_ROW_MAX,
  SUSPECTS_IN_FLIGHT_MAX,
} from '../../../machines/policy/retry/crashPolicy.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { VirtualClock } from '../../../src/testing/virtualClock.ts';
import { AskedFlow } from '../../support/harness/askedFlow.ts';

/** As much of an operation in memory as queues read. */
function operation(id: string, crashes = 0, urgency = 5): Resident {
  const handler = { upstream: 'payments' };
  const actor = {
    getSnapshot: () => ({ context: { crashes, history: [] } }),
    send: () => undefined,
  };
  return { id, urgency, handler, actor, state: 'waiting' } as unknown as Resident;
}

function begin() {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => {
    errors.push(error);
  };
  const flow = new AskedFlow();
  const granted: string[] = [];
  const permits: Permit[] = [];
  const grant = ({ id }: Resident, permit: Permit): void => {
    granted.push(id);
    permits.push(permit);
  };
  const timers = new TimerService(clock, onError);
  const steady = new SteadyClock(clock, () => undefined);
  let claims = 0;
  const store = createMemoryStore();
  store.claim = () => {
    claims += 1;
    return Promise.resolve({ rows: [], nextDueAtMs: null });
  };
  const queue = new UpstreamQueue({
    clock,
    flow,
    routes: () => ['payments'],
    crisisSlotsMax: () => 2,
    store,
    journal: { sendAll: () => undefined },
    steady,
    timers,
    passOver: () => [],
    passivate: () => undefined,
    revive: () => null,
    reroute: () => undefined,
    othersWaiting: () => 0,
    giveToOther: () => false,
    onSlotsBack: () => undefined,
    onWaiting: () => undefined,
    grant,
    onError,
  });
  let othersMayStart = 0;
  const suspects = new Suspects({
    clock,
    steady,
    timers,
    journal: { written: () => Promise.resolve(true) },
    mark: { note: () => undefined },
    attemptTimeoutMs: () => 10_000,
    queues: new Map([[flow.upstream, queue]]),
    grant,
    onPauseOver: () => {
      suspects.pump();
    },
    onOthersMayStart: () => {
      othersMayStart += 1;
    },
    onError,
  });
  return {
    clock,
    flow,
    queue,
    suspects,
    granted,
    permits,
    errors,
    claims: () => claims,
    othersMayStart: () => othersMayStart,
    stop: () => {
      flow.setIntake('stopped');
    },
  };
}

describe('OP-6 what waits at an upstream whose flow control answers later', () => {
  test('OP-6 each is asked for once, and begins with the answer to it', async () => {
    const { flow, queue, granted } = begin();
    queue.add(operation('a'));
    queue.add(operation('b'));
    queue.pump();
    expect(flow.asking).toEqual(['a', 'b']);
    await flow.grant();
    expect(granted).toEqual(['a']);
    expect(flow.asking).toEqual(['b']);
  });

  test('OP-6 one that was refused, or whose question failed, is asked for again and again waits', async () => {
    const { flow, queue, granted, errors } = begin();
    queue.add(operation('a'));
    queue.add(operation('b'));
    await flow.refuse();
    expect(flow.asking).toEqual(['b']);
    // The answer to another shows that there is room.
    await flow.grant();
    expect([granted, flow.asking]).toEqual([['b'], ['a']]);
    await flow.fail();
    expect(errors).toMatchObject([{ message: 'It can not be reached.' }]);
    queue.pump();
    await flow.grant();
    expect(granted).toEqual(['b', 'a']);
  });

  test('OP-5 one that is forgotten does not begin, is not asked for again, and keeps no permit', async () => {
    const { flow, queue, granted } = begin();
    for (const answer of ['grant', 'refuse'] as const) {
      const gone = operation(answer);
      queue.add(gone);
      queue.forget(gone);
      await flow[answer]();
      queue.pump();
      expect([granted, flow.asking, flow.out.size]).toEqual([[], [], 0]);
    }
  });

  test('OP-6 what arrives does not go before those that wait for an answer', async () => {
    const { flow, queue } = begin();
    flow.isGenerous = true;
    expect(queue.tryStart({ id: 'new', urgency: 1 })).not.toBeNull();
    queue.add(operation('a'));
    expect(queue.tryStart({ id: 'new', urgency: 1 })).toBeNull();
    await flow.grant();
    expect(queue.tryStart({ id: 'new', urgency: 1 })).not.toBeNull();
  });

  test('SV-4 an answer after a stop begins nothing, and a claim fetches nothing', async () => {
    const { flow, queue, granted, claims, stop } = begin();
    queue.add(operation('a'));
    queue.noteDue(0);
    expect(flow.asking).toHaveLength(3);
    stop();
    for (let answers = 0; answers < 3; answers += 1) await flow.grant();
    expect([granted, claims(), flow.out.size]).toEqual([[], 0, 0]);
  });

  test('OP-6 a claim goes on with the slots that were promised, and asks again after a pause for none', async () => {
    const { clock, flow, queue, claims } = begin();
    queue.noteDue(0);
    expect(flow.asking).toEqual([null, null]);
    await flow.refuse();
    await flow.refuse();
    expect([flow.asking, claims()]).toEqual([[], 0]);
    await clock.advance(1_000);
    expect(flow.asking).toEqual([null, null]);
    await flow.refuse();
    expect(claims()).toBe(0);
    await flow.grant();
    expect([claims(), flow.out.size]).toEqual([1, 0]);
  });
});

describe('RT-4 suspects at an upstream whose flow control answers later', () => {
  test('RT-4 no more ask than may run beside each other; who was refused asks again', async () => {
    const { flow, suspects, granted } = begin();
    const all = Array.from({ length: SUSPECTS_IN_FLIGHT_MAX + 2 }, (_, n) => operation(`s${n}`, 1));
    for (const suspect of all) suspects.add(suspect);
    suspects.pump();
    suspects.pump();
    expect(flow.asking).toEqual(['s0', 's1', 's2', 's3']);
    await flow.refuse();
    await flow.grant();
    suspects.pump();
    expect(granted).toEqual(['s1']);
    expect(flow.asking).toEqual(['s2', 's3', 's4']);
    for (let answers = 0; answers < 3; answers += 1) await flow.grant();
    for (const suspect of all) suspects.delete(suspect);
    suspects.add(all[0] ?? operation('none'));
    suspects.pump();
    expect(flow.asking).toEqual(['s0']);
  });

  test('RT-4 who was refused is not lost', async () => {
    const { flow, suspects, granted } = begin();
    suspects.add(operation('s', 1));
    suspects.pump();
    await flow.refuse();
    suspects.pump();
    await flow.grant();
    expect(granted).toEqual(['s']);
  });

  test('RT-4 who has to run alone waits for those that have asked, and lets nobody start meanwhile', async () => {
    const { clock, flow, suspects, granted, permits } = begin();
    const other = operation('other', 1);
    suspects.add(other);
    suspects.pump();
    suspects.add(operation('alone', CRASHES_IN_A_ROW_MAX));
    suspects.pump();
    expect([flow.asking, flow.intake]).toEqual([['other'], 'open']);
    await flow.grant();
    suspects.pump();
    expect([flow.asking, flow.intake]).toEqual([[], 'isolated']);
    suspects.delete(other);
    for (const permit of permits.splice(0)) flow.leave(permit);
    suspects.pump();
    await clock.advance(1);
    suspects.pump();
    expect([flow.asking, flow.intake]).toEqual([['alone'], 'isolated']);
    await flow.grant();
    expect(granted).toEqual(['other', 'alone']);
    await clock.advance(0);
  });

  test('RT-4 who has to run alone and is refused lets others start, and asks again', async () => {
    const { clock, flow, suspects, granted, othersMayStart } = begin();
    suspects.add(operation('alone', CRASHES_IN_A_ROW_MAX));
    suspects.pump();
    await clock.advance(1);
    expect(othersMayStart()).toBe(0);
    await flow.refuse();
    expect([flow.intake, othersMayStart()]).toEqual(['open', 1]);
    await clock.advance(10);
    await flow.grant();
    expect(granted).toEqual(['alone']);
  });

  test('SV-4 OP-5 an answer for one that is gone is given back', async () => {
    const { flow, suspects, granted } = begin();
    const gone = operation('gone', 1);
    suspects.add(gone);
    suspects.pump();
    suspects.delete(gone);
    await flow.grant();
    expect([granted, flow.out.size]).toEqual([[], 0]);
  });
});
