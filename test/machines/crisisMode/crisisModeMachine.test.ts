import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  crisisModeDue,
  crisisModeMachine,
} from '../../../machines/crisisMode/crisisModeMachine.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { CrisisModeHarness } from '../../support/harness/crisisModeHarness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function switchedOn(forMs = 4 * HOUR_MS): CrisisModeHarness {
  const mode = new CrisisModeHarness();
  mode.enter('ann', forMs, 'called twice');
  return mode;
}

describe('CR-6 a person switches it on', () => {
  test('CR-6 says who, why, since when and until when', () => {
    const mode = switchedOn();
    expect(mode.state).toBe('on');
    expect(mode.on).toMatchObject({
      by: { id: 'ann' },
      reason: 'called twice',
      sinceAtMs: mode.nowMs,
      endsAtMs: mode.nowMs + 4 * HOUR_MS,
    });
  });

  test('CR-6 and again: it is prolonged, and keeps since when and why', () => {
    const mode = switchedOn();
    const { sinceAtMs } = mode.on;
    mode.wait(HOUR_MS);
    mode.enter('ben', 4 * HOUR_MS);
    expect(mode.on).toMatchObject({
      by: { id: 'ben' },
      reason: 'called twice',
      sinceAtMs,
      endsAtMs: mode.nowMs + 4 * HOUR_MS,
    });
  });

  test('CR-6 never shortens it: that would be an end by one person', () => {
    const mode = switchedOn();
    const { endsAtMs } = mode.on;
    mode.enter('ann', 60_000);
    expect(mode.on.endsAtMs).toBe(endsAtMs);
    mode.wait(HOUR_MS);
    expect(mode.state).toBe('on');
  });
});

describe('CR-6 a second person ends it', () => {
  test.each(['on', 'ending'])('CR-6 never who switched it on: %s', (state) => {
    const mode = switchedOn();
    if (state === 'ending') mode.wait(4 * HOUR_MS - 60_000);
    expect(mode.state).toBe(state);
    mode.leave('ann');
    expect(mode.state).toBe(state);
    mode.leave('ben');
    expect(mode.state).toBe('off');
    expect(mode.due).toBeNull();
  });

  test('CR-6 nor who prolonged it, nor the first one after that', () => {
    const mode = switchedOn();
    mode.enter('ben', 4 * HOUR_MS);
    for (const id of ['ann', 'ben']) mode.leave(id);
    expect(mode.state).toBe('on');
    mode.leave('cid');
    expect(mode.state).toBe('off');
  });

  test.each(['Ann', 'ANN', ' ann ', 'a\u00adnn', '\uff41nn'])(
    'CR-6 nor in another spelling: %j is no second person',
    (id) => {
      const mode = switchedOn();
      mode.leave(id);
      expect(mode.state).toBe('on');
      mode.enter(id, HOUR_MS);
      expect(mode.on.persons).toEqual(['ann']);
    },
  );

  test('CR-6 nor the subject, whoever switched it on', () => {
    const mode = switchedOn();
    mode.leave('user-42', true);
    expect(mode.state).toBe('on');
  });

  test('CR-6 once it has ended everything begins anew', () => {
    const mode = switchedOn();
    mode.leave('ben');
    mode.leave('ben');
    mode.enter('ben', HOUR_MS);
    expect(mode.on).toMatchObject({ persons: ['ben'], sinceAtMs: mode.nowMs, reason: null });
    mode.leave('ann');
    expect(mode.state).toBe('off');
  });
});

describe('CR-6 a time-out ends it', () => {
  test('CR-6 which is told a quarter of an hour before', () => {
    const mode = switchedOn();
    mode.wait(4 * HOUR_MS - 900_001);
    expect(mode.state).toBe('on');
    mode.wait(1);
    expect(mode.state).toBe('ending');
    mode.wait(899_999);
    expect(mode.state).toBe('ending');
    mode.wait(1);
    expect(mode.state).toBe('off');
  });

  test('CR-6 of a short one in its last quarter', () => {
    const mode = switchedOn(8 * 60_000);
    mode.wait(6 * 60_000);
    expect(mode.state).toBe('ending');
  });

  test('CR-6 unless it is prolonged, and an order that prolongs nothing is no reason to tell again', () => {
    const mode = switchedOn();
    mode.wait(4 * HOUR_MS - 600_000);
    mode.enter('ben', 60_000);
    expect(mode.state).toBe('ending');
    expect(mode.on.persons).toEqual(['ann', 'ben']);
    mode.enter('cid', HOUR_MS);
    expect(mode.state).toBe('on');
  });

  test('CR-6 nothing ends it before it is due', () => {
    const mode = switchedOn();
    mode.send({ type: 'warning.due', atMs: mode.nowMs });
    expect(mode.state).toBe('on');
    mode.wait(4 * HOUR_MS - 600_000);
    mode.send({ type: 'timeout.due', atMs: mode.nowMs });
    expect(mode.state).toBe('ending');
  });
});

describe('CR-6 over restarts', () => {
  test.each([0, HOUR_MS])('CR-6 goes on for the rest of its time, %i ms later', (downMs) => {
    const mode = switchedOn();
    const { endsAtMs } = mode.on;
    mode.restart(downMs);
    expect([mode.state, mode.on.endsAtMs]).toEqual(['on', endsAtMs]);
    mode.leave('ann');
    expect(mode.state).toBe('on');
  });

  test('CR-6 ends where its time was over meanwhile, without telling that it will', () => {
    const mode = switchedOn();
    mode.restart(DAY_MS);
    expect(mode.state).toBe('off');
    mode.restart();
    expect(mode.state).toBe('off');
  });

  test('CR-6 by a clock that was lost it lasts no longer than it was to', () => {
    const mode = switchedOn();
    mode.restart(-DAY_MS);
    expect(mode.on.endsAtMs).toBe(mode.nowMs + 4 * HOUR_MS);
  });

  test('CR-6 what was switched on before the store was open goes by its clock', () => {
    const mode = switchedOn();
    const left = mode.on.endsAtMs - mode.nowMs;
    mode.opened(DAY_MS, null);
    expect(mode.on.endsAtMs - mode.nowMs).toBe(left);
    mode.wait(0);
    expect(mode.state).toBe('on');
  });

  test('CR-6 and is joined by what an earlier process kept: nobody gets out of it alone by a restart', () => {
    const earlier = switchedOn(12 * HOUR_MS).on;
    const mode = new CrisisModeHarness();
    mode.enter('ben', HOUR_MS);
    mode.opened(0, earlier);
    expect(mode.on).toMatchObject({
      by: { id: 'ben' },
      reason: 'called twice',
      persons: ['ann', 'ben'],
      endsAtMs: earlier.endsAtMs,
    });
    mode.leave('ann');
    expect(mode.state).toBe('on');
  });

  test('CR-6 what was ended before the store was open stays so', () => {
    const mode = switchedOn();
    mode.leave('ben');
    mode.opened(0, null);
    expect(mode.state).toBe('off');
  });
});

type Step =
  | { readonly do: 'enter'; readonly id: string; readonly forMs: number }
  | { readonly do: 'leave'; readonly id: string }
  | { readonly do: 'wait' | 'restart'; readonly ms: number };

const PEOPLE = fc.constantFrom('ann', 'ben', 'cid');
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('enter' as const),
    id: PEOPLE,
    forMs: fc.integer({ min: 60_000, max: DAY_MS }),
  }),
  fc.record({ do: fc.constant('leave' as const), id: PEOPLE }),
  fc.record({
    do: fc.constantFrom('wait' as const, 'restart' as const),
    ms: fc.integer({ min: 0, max: 6 * HOUR_MS }),
  }),
);

/** Runs a history beside a model in a few lines; the first step at which they differ. */
function firstDifference(mode: CrisisModeHarness, steps: readonly Step[]): string | null {
  let model: { readonly persons: Set<string>; endsAtMs: number } | null = null;
  for (const [index, step] of steps.entries()) {
    if (step.do === 'enter') {
      mode.enter(step.id, step.forMs);
      model ??= { persons: new Set(), endsAtMs: 0 };
      model.persons.add(step.id);
      model.endsAtMs = Math.max(model.endsAtMs, mode.nowMs + step.forMs);
    } else if (step.do === 'leave') {
      mode.leave(step.id);
      if (model?.persons.has(step.id) === false) model = null;
    } else if (step.do === 'wait') mode.wait(step.ms);
    else mode.restart(step.ms);
    if (model !== null && model.endsAtMs <= mode.nowMs) model = null;
    const { on } = mode.context;
    const said = on && `${[...on.persons].toSorted().join()} ${on.endsAtMs}`;
    const meant = model && `${[...model.persons].toSorted().join()} ${model.endsAtMs}`;
    if (said !== meant) return `step ${index}: ${said} instead of ${meant}`;
    if ((mode.state === 'off') !== (on === null)) return `step ${index}: ${mode.state}`;
  }
  return null;
}

test('CR-6 in any history it is on for whom the rules say, for as long as they say', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 40 }), (steps) => {
      expect(firstDifference(new CrisisModeHarness(), steps)).toBeNull();
    }),
  );
});

test.each([
  ['anybody can end it', { guards: { isSecondPerson: () => true } }],
  ['nothing ends it in time', { guards: { isTimeOver: () => false } }],
  ['a restart keeps nothing', { actions: { goOn: () => undefined, takeOrder: () => undefined } }],
] as const)('CR-6 control: such a history tells where %s', (_what, planted) => {
  const machine = crisisModeMachine.provide(planted);
  const failed = fc.check(
    fc.property(fc.array(STEP, { maxLength: 40 }), (steps) => {
      try {
        return firstDifference(new CrisisModeHarness(machine), steps) === null;
      } catch {
        // A time-out that ends nothing is due for ever.
        return false;
      }
    }),
  );
  expect(failed.failed).toBe(true);
});

describe('chart', () => {
  test('CR-6 waits for nothing while it is off', () => {
    expect(crisisModeDue(new CrisisModeHarness().snapshot)).toBeNull();
  });

  test('CR-6 these tests take every transition', () => {
    expect(transitionsTaken(crisisModeMachine).missing).toEqual([]);
  });
});
