import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlowNews, KeptFlow } from '../../../machines/policy/flow/flowNews.ts';
import {
  intakeOf,
  paceOf,
  type SchedulerEvent,
  schedulerMachine,
} from '../../../machines/scheduler/schedulerMachine.ts';
import { INTAKES } from '../../../machines/vocabulary/standing.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { ChartHarness } from '../../support/harness/chartHarness.ts';

const FLOW: KeptFlow = {
  slots: 12,
  isRamping: true,
  usualFailureShare: 0.2,
  latencyMs: 20,
  latencyDeviationMs: 3,
  ratePerSecond: null,
};

class SchedulerHarness extends ChartHarness<typeof schedulerMachine> {
  constructor() {
    super();
    const input = { upstream: 'payments' };
    this.run({ chart: schedulerMachine, machine: schedulerMachine, input, dueOf: () => null });
  }

  get state(): string {
    const { value } = this.snapshot;
    return `${intakeOf(this.snapshot)} ${paceOf(this.snapshot)} ${value.rate}`;
  }

  tell(type: SchedulerEvent['type'], more: object = {}): this {
    this.nowMs += 1;
    this.send({ type, flow: FLOW, atMs: this.nowMs, ...more } as SchedulerEvent);
    return this;
  }

  restart(): void {
    this.startAnotherProcess(1_000);
    this.send({ type: 'process.restarted', atMs: this.nowMs });
  }
}

const SLOTS = { from: 10, to: 8, because: 'slower' } as const;

function began(): SchedulerHarness {
  return new SchedulerHarness().tell('work.started');
}

describe('intake', () => {
  test('SV-1 nothing runs before the start, and nothing after the stop', () => {
    const scheduler = new SchedulerHarness();
    const nothing = { flow: null, paceSinceAtMs: null, ratePerSecond: null };
    expect(scheduler.context).toEqual({ upstream: 'payments', ...nothing });
    expect(scheduler.state).toBe('notStarted ramping unlimited');
    expect(scheduler.tell('work.started').state).toBe('open ramping unlimited');
    expect(scheduler.tell('work.stopped').state).toBe('stopped ramping unlimited');
    expect(scheduler.tell('work.started').tell('isolation.began').state).toMatch(/^stopped/);
    expect(scheduler.context.flow).toEqual(FLOW);
    expect(new SchedulerHarness().tell('work.stopped').state).toMatch(/^stopped/);
  });

  test('RT-4 a suspect runs alone, from the start or later, and may be stopped', () => {
    expect(new SchedulerHarness().tell('isolation.began').state).toMatch(/^isolated/);
    const scheduler = began().tell('isolation.began');
    expect(scheduler.tell('isolation.ended').state).toMatch(/^open/);
    expect(scheduler.tell('isolation.began').tell('work.stopped').state).toMatch(/^stopped/);
  });
});

test('SE-6 nothing runs while the store is held after work began, and what ran alone is held with it', () => {
  const scheduler = began().tell('work.held');
  expect(scheduler.state).toMatch(/^notStarted/);
  expect(scheduler.tell('work.started').state).toMatch(/^open/);
  expect(scheduler.tell('isolation.began').tell('work.held').state).toMatch(/^notStarted/);
});

describe('pace', () => {
  test('DG-3 slots open after a start and after an outage', () => {
    const scheduler = began();
    expect(scheduler.tell('ramp.ended', { slots: 32, because: 'allOpen' }).state).toMatch(/steady/);
    expect(scheduler.tell('outage.began').state).toMatch(/down/);
    const sinceAtMs = scheduler.nowMs;
    expect(scheduler.context).toMatchObject({ paceSinceAtMs: sinceAtMs, flow: FLOW });
    expect(scheduler.tell('outage.ended').state).toMatch(/ramping/);
    expect(scheduler.tell('outage.began').state).toMatch(/down/);
  });

  test('PF-6 fewer slots are tried, and kept or not', () => {
    const scheduler = began().tell('ramp.ended');
    for (const end of ['trial.kept', 'trial.undone'] as const) {
      expect(scheduler.tell('trial.began', SLOTS).state).toMatch(/trying/);
      expect(scheduler.tell(end, SLOTS).state).toMatch(/steady/);
    }
    scheduler.tell('trial.began', SLOTS);
    expect(scheduler.tell('outage.began').state).toMatch(/down/);
  });

  test('PF-6 an overload is told from every pace but down, and ends as a ramp, a trial or an outage', () => {
    const overloaded = () => began().tell('overload.detected', SLOTS);
    expect(overloaded().state).toMatch(/overloaded/);
    expect(overloaded().tell('overload.detected', SLOTS).state).toMatch(/overloaded/);
    expect(overloaded().tell('ramp.ended').state).toMatch(/steady/);
    expect(overloaded().tell('trial.began', SLOTS).state).toMatch(/trying/);
    expect(overloaded().tell('outage.began').state).toMatch(/down/);
    const steady = began().tell('ramp.ended').tell('overload.detected', SLOTS);
    expect(steady.state).toMatch(/overloaded/);
    const trying = began().tell('ramp.ended').tell('trial.began', SLOTS);
    expect(trying.tell('overload.detected', SLOTS).state).toMatch(/overloaded/);
    expect(began().tell('outage.began').tell('overload.detected', SLOTS).state).toMatch(/down/);
  });
});

describe('rate', () => {
  test('PF-5 a rate is learned, changed and lifted, whatever the pace', () => {
    const scheduler = began().tell('rate.learned', { perSecond: 20 });
    expect(scheduler.state).toBe('open ramping limited');
    scheduler.tell('outage.began').tell('rate.learned', { perSecond: 25 });
    expect(scheduler.context.ratePerSecond).toBe(25);
    expect(scheduler.tell('rate.lifted').state).toBe('open down unlimited');
    expect(scheduler.context.ratePerSecond).toBeNull();
  });
});

describe('restart', () => {
  test('CB-4 what the flow meter knew and a learned rate outlive it; slots open anew, from there', () => {
    const scheduler = began().tell('rate.learned', { perSecond: 20 }).tell('ramp.ended');
    scheduler.restart();
    expect(scheduler.state).toBe('notStarted ramping limited');
    const since = { paceSinceAtMs: scheduler.nowMs };
    expect(scheduler.context).toMatchObject({ flow: FLOW, ratePerSecond: 20, ...since });
  });
});

describe('chart', () => {
  test('PF-6 its intakes are those of the vocabulary', () => {
    expect(Object.keys(schedulerMachine.states['intake']?.states ?? {})).toEqual([...INTAKES]);
  });

  test('PF-6 no order of facts breaks it: an outage that ends leaves it ramping, a stop is final', () => {
    const kinds: readonly Exclude<FlowNews['type'], 'outage.detected'>[] = [
      'overload.detected',
      'trial.began',
      'trial.kept',
      'trial.undone',
      'ramp.ended',
      'rate.learned',
      'rate.lifted',
    ];
    const others = ['outage.began', 'outage.ended', 'isolation.began', 'isolation.ended'] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...kinds, ...others), { maxLength: 30 }), (types) => {
        const scheduler = began();
        for (const type of types) scheduler.tell(type, { ...SLOTS, slots: 9, perSecond: 5 });
        scheduler.tell('outage.began').tell('outage.ended');
        expect(paceOf(scheduler.snapshot)).toBe('ramping');
        expect(intakeOf(scheduler.tell('work.stopped').snapshot)).toBe('stopped');
      }),
      { numRuns: 100 },
    );
  });

  test('PF-6 these tests take every transition', () => {
    expect(transitionsTaken(schedulerMachine).missing).toEqual([]);
  });
});
