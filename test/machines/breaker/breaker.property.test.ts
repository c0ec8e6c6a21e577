/**
 * Any history of outages, probes, crises, orders, time and restarts: the chart does what the model does,
 * which says the same a second time (CB-1, CB-2, CB-4, RT-1, RT-2).
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import { downMsAt, wasDownAt } from '../../../machines/policy/breaker/outages.ts';
import { BreakerHarness, TEST_PACING } from '../../support/harness/breakerHarness.ts';
import { BreakerModel } from './breakerModel.ts';

const by = fc.constantFrom('ada', 'ben', undefined);

function kindOf<const Kind extends string>(kind: Kind): fc.Arbitrary<Kind> {
  return fc.constant(kind);
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kindOf('trip'),
      beganMs: fc.oneof(fc.constant(0), fc.nat(5_000)),
      probes: fc.integer({ min: 1, max: 3 }),
      isLate: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: kindOf('ask') }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: kindOf('report'),
      which: fc.nat(5),
      end: fc.constantFrom('succeeded', 'failed', 'failed', 'failed', 'ignored'),
      isOfBefore: fc.boolean(),
      retryAfterMs: fc.constantFrom(0, 0, 700, 5_000, 90_000),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kindOf('wait'),
      ms: fc.oneof(fc.nat(600), fc.nat(2_000), fc.nat(60_000)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('crisis') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kindOf('order'),
      order: fc.constantFrom('forcedOpen', 'disabled', 'observing'),
      by,
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: kindOf('release'), by }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kindOf('restart'),
      downMs: fc.oneof(fc.nat(500), fc.nat(90_000)),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A history on the chart and on the model, and the permits that were asked for. */
class Pair {
  readonly chart: BreakerHarness;
  readonly model = new BreakerModel(TEST_PACING);
  readonly #asked: { readonly id: string; readonly generation: number }[] = [];
  /** Nothing began before this: time is told from there on. */
  readonly #startMs: number;
  #upSinceMs: number;

  constructor(machine: typeof circuitBreakerMachine) {
    this.chart = new BreakerHarness({}, machine);
    this.#startMs = this.chart.nowMs;
    this.#upSinceMs = this.#startMs;
  }

  take(given: Step): void {
    const { chart, model } = this;
    const { nowMs } = chart;
    switch (given.kind) {
      case 'trip': {
        // A run of failures begins after the last change, for what was before it counts no more.
        const beganMs = Math.max(this.#upSinceMs, nowMs - given.beganMs);
        const generation = model.generation - (given.isLate ? 1 : 0);
        chart.trip({ downMs: nowMs - beganMs, probes: given.probes, generation });
        model.trip(nowMs, beganMs, given.probes, generation);
        break;
      }
      case 'ask': {
        const id = `permit-${this.#asked.length}`;
        this.#asked.push({ id, generation: model.generation });
        expect(chart.ask(id) !== null).toBe(model.ask(nowMs, id));
        break;
      }
      case 'report': {
        const { id, generation } = this.#asked.at(-1 - given.which) ?? {
          id: 'none',
          generation: 0,
        };
        const stamp = given.isOfBefore ? generation : model.generation;
        const { end, retryAfterMs } = given;
        chart.report(id, end, stamp, { retryAfterMs });
        model.report(nowMs, id, end, stamp, retryAfterMs);
        break;
      }
      case 'crisis':
        chart.deliverCrisis();
        model.crisisDelivered(nowMs);
        break;
      case 'order':
        chart.order(given.order, given.by);
        model.order(nowMs, given.order, given.by);
        break;
      case 'release':
        chart.release(given.by);
        model.release(nowMs, given.by);
        break;
      case 'restart':
        chart.restart(given.downMs);
        model.restart(nowMs, chart.nowMs);
        break;
      default:
        chart.wait(given.ms);
        model.pass(chart.nowMs);
    }
    if (model.state === 'closed' && chart.nowMs > this.#upSinceMs) {
      if (given.kind !== 'wait' && given.kind !== 'trip') this.#upSinceMs = chart.nowMs;
    }
  }

  compare(): void {
    const { chart, model } = this;
    const { nowMs, decision, context } = chart;
    expect(chart.state).toBe(model.state);
    expect(decision.generation).toBe(model.generation);
    expect(decision.probesFree).toBe(model.probesFree(nowMs));
    expect(context.holds).toHaveLength(model.orders);
    expect(context.recoveries).toBe(model.recoveries);
    expect(downMsAt(context, nowMs)).toBe(model.downMs(nowMs));
    for (let part = 0; part <= 8; part += 1) {
      const atMs = this.#startMs + Math.round(((nowMs - this.#startMs) * part) / 8);
      expect(wasDownAt(context, atMs)).toBe(model.wasDown(atMs));
    }
    if (model.state === 'open') {
      expect(decision.retryAtMs).toBe(model.untilMs);
      expect(model.untilMs).toBeGreaterThan(nowMs);
    }
    if (model.state === 'halfOpen' && model.untilMs > nowMs) {
      expect(decision.retryAtMs).toBeGreaterThanOrEqual(model.untilMs);
    }
  }
}

function check(machine: typeof circuitBreakerMachine, numRuns: number): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair(machine);
      for (const each of steps) {
        pair.take(each);
        pair.compare();
      }
    }),
    { numRuns, seed: 9, endOnFailure: true },
  );
}

describe('any history', () => {
  test('CB-1 CB-2 CB-4 RT-1 the chart does what the model does', () => {
    check(circuitBreakerMachine, 300);
  });

  test.each([
    ['CB-2', 'results of another generation count', { guards: { isCurrent: () => true } }],
    ['CB-1', 'one release undoes every order', { guards: { isHeldStill: () => false } }],
    [
      'CB-2',
      'the first of several probes that fails opens it',
      { guards: { isLastProbe: () => true } },
    ],
    [
      'RT-2',
      'what a late probe was asked to wait is forgotten',
      { guards: { isAskedForTime: () => false } },
    ],
    ['CB-2', 'no probe ever goes out', { guards: { canProbe: () => false } }],
  ])('%s control: where %s, it is caught', (_, __, planted) => {
    const broken = circuitBreakerMachine.provide(planted);
    expect(() => {
      check(broken, 300);
    }).toThrow('Property failed');
  });
});
