/**
 * Permits are leases that come back whatever happens: as many are out as calls run, in any order of calls,
 * time, operators, levels, changes of policy and restarts of the charts (PF-6).
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { NO_VERDICT, type Permit } from '../../../actors/operation/flowControl.ts';
import { UpstreamScheduler } from '../../../actors/upstream/upstreamScheduler.ts';
import { type CallSign, UNUSED } from '../../../machines/policy/flow/callReport.ts';
import { LEVELS } from '../../../machines/policy/service/degradationLevel.ts';
import { mayRun } from '../../../machines/scheduler/mayRun.ts';
import { INTAKES } from '../../../machines/vocabulary/standing.ts';
import { createFlow } from '../../support/harness/flowHarness.ts';

const SIGNS: readonly CallSign[] = [
  'answered',
  'answered',
  'answered',
  'failed',
  'unreachable',
  'busy',
  'timedOut',
  'pushedBack',
  'silent',
];

function kindOf<const Kind extends string>(kind: Kind): fc.Arbitrary<Kind> {
  return fc.constant(kind);
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: kindOf('enter'), urgency: fc.nat(11), isNext: fc.boolean() }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kindOf('leave'),
      which: fc.nat(40),
      sign: fc.constantFrom(...SIGNS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kindOf('fail'), times: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('unused'), which: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ kind: kindOf('tell'), which: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('twice'), which: fc.nat(40) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: kindOf('wait'), ms: fc.oneof(fc.nat(400), fc.nat(40_000)) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kindOf('crisis'), sign: fc.constantFrom(...SIGNS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kindOf('order'),
      order: fc.constantFrom('forcedOpen', 'disabled', 'observing', 'released'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kindOf('level'), level: fc.constantFrom(...LEVELS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kindOf('intake'), intake: fc.constantFrom(...INTAKES) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kindOf('restart'),
      what: fc.constantFrom('breaker', 'level', 'scheduler'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kindOf('policy'),
      slotsMax: fc.integer({ min: 1, max: 40 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Scene = ReturnType<typeof createFlow>;

/** What a caller keeps of its permits. */
interface Held {
  readonly out: Permit[];
  readonly back: Permit[];
}

function take(scene: Scene, held: Held, given: Step): void {
  const { flow, upstream, steady, state } = scene;
  const drop = (which: number): Permit | undefined => {
    const [permit] = held.out.splice(which % Math.max(1, held.out.length), 1);
    if (permit !== undefined) held.back.push(permit);
    return permit;
  };
  switch (given.kind) {
    case 'enter': {
      const asker = { id: null, urgency: given.urgency, isNext: given.isNext };
      const answer = flow.mayRun(asker);
      const permit = flow.tryEnter(asker);
      expect(permit !== null).toBe(answer.may);
      if (permit !== null) held.out.push(permit);
      break;
    }
    case 'leave': {
      const permit = drop(given.which);
      if (permit !== undefined) flow.leave(permit, { sign: given.sign });
      break;
    }
    case 'fail':
      for (let times = 0; times < given.times; times += 1) {
        const permit = drop(0);
        if (permit !== undefined) flow.leave(permit, { sign: 'failed' });
      }
      break;
    case 'unused': {
      const permit = drop(given.which);
      if (permit !== undefined) flow.leave(permit, UNUSED);
      break;
    }
    case 'tell': {
      const permit = held.out[given.which % Math.max(1, held.out.length)];
      if (permit !== undefined) flow.tell(permit, { sign: 'timedOut' });
      break;
    }
    case 'twice': {
      const permit = held.back[given.which % Math.max(1, held.back.length)];
      if (permit !== undefined) flow.leave(permit, { sign: 'answered' });
      break;
    }
    case 'crisis':
      flow.recordCrisis({ sign: given.sign });
      break;
    case 'order':
      upstream.breaker.send({
        type: `operator.${given.order}`,
        atMs: steady.now(),
      });
      break;
    case 'level':
      state.level = given.level;
      upstream.refresh();
      break;
    case 'intake':
      flow.setIntake(given.intake);
      break;
    case 'restart':
      if (given.what === 'breaker') upstream.breaker.restart();
      else if (given.what === 'level') upstream.level.restart();
      else upstream.restartFlow();
      break;
    case 'policy': {
      const { slotsMax } = given;
      const slotsAtStart = Math.min(8, slotsMax);
      const flowPolicy = { ...upstream.policy.flow, slotsMax, slotsAtStart, slotsMin: 1 };
      scene.change({ ...upstream.policy, flow: flowPolicy, concurrency: slotsMax });
      break;
    }
    default:
      break;
  }
}

async function checkHistory(steps: readonly Step[]): Promise<void> {
  const scene = createFlow();
  const { clock, flow, upstream } = scene;
  const held: Held = { out: [], back: [] };
  for (const each of steps) {
    if (each.kind === 'wait') await clock.advance(each.ms);
    else take(scene, held, each);
    expect(flow.inFlight).toBe(held.out.length);
    // The short way of the hot path never says anything but what the table says.
    for (const asker of [{ urgency: 1 }, { urgency: 11 }, { urgency: 11, isNext: true }]) {
      expect(flow.mayRun({ id: null, ...asker })).toEqual(mayRun(flow, asker));
    }
  }
  // Once everything is well and every call has ended, slots are free and nothing is left out.
  for (const permit of held.out) flow.leave(permit, { sign: 'answered' });
  flow.setIntake('open');
  scene.state.level = 'normal';
  for (let holds = 0; holds < steps.length; holds += 1) {
    upstream.breaker.send({ type: 'operator.released', atMs: scene.steady.now() });
  }
  for (let rounds = 0; rounds < 40; rounds += 1) {
    await clock.advance(20_000);
    const permit = flow.tryEnter({ id: null, urgency: 1 });
    if (permit !== null) flow.leave(permit, { sign: 'answered' });
  }
  expect([flow.inFlight, upstream.breaker.snapshot.value]).toEqual([0, 'closed']);
  expect(flow.free).toBeGreaterThan(0);
}

describe('PF-6 any order of calls, time and orders', () => {
  test('PF-6 OP-6 as many permits are out as calls run, and none is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), checkHistory),
      { numRuns: 120 },
    );
  });

  test('PF-6 control: a flow control that keeps what comes back unused is caught', async () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method
    const { leave } = UpstreamScheduler.prototype;
    const careless = vi.spyOn(UpstreamScheduler.prototype, 'leave').mockImplementation(function (
      this: UpstreamScheduler,
      permit,
      report,
    ) {
      return report === UNUSED ? NO_VERDICT : leave.call(this, permit, report);
    });
    const check = fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), checkHistory),
      { numRuns: 200, seed: 1, endOnFailure: true },
    );
    await expect(check).rejects.toThrow('Property failed');
    careless.mockRestore();
  });
});
