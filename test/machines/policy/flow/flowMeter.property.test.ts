import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CallSign, CallStamp } from '../../../../machines/policy/flow/callReport.ts';
import { FlowMeter } from '../../../../machines/policy/flow/flowMeter.ts';
import { checkFlowPolicy, type FlowPolicy } from '../../../../machines/policy/flow/flowPolicy.ts';

const SIGNS: readonly CallSign[] = [
  'answered',
  'failed',
  'unreachable',
  'busy',
  'timedOut',
  'pushedBack',
  'silent',
];

type Step =
  | { readonly do: 'begin' | 'outage' | 'recovery' | 'restart' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'end' | 'tell'; readonly which: number; readonly sign: CallSign }
  | { readonly do: 'unused' | 'again'; readonly which: number };

const which = fc.nat({ max: 200 });
const sign = fc.constantFrom(...SIGNS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>({ do: 'begin' }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('end' as const), which, sign }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 3_000 }) }),
  },
  fc.record({ do: fc.constant('tell' as const), which, sign }),
  fc.record({ do: fc.constantFrom('unused' as const, 'again' as const), which }),
  fc.constantFrom<Step>({ do: 'outage' }, { do: 'recovery' }, { do: 'restart' }),
);

/** A history of calls, and what must hold after each step. */
class History {
  readonly #policy: FlowPolicy;
  meter: FlowMeter;
  nowMs = 0;
  readonly #open: CallStamp[] = [];
  readonly #told: CallStamp[] = [];
  readonly #ended: CallStamp[] = [];

  constructor(policy: FlowPolicy) {
    this.#policy = policy;
    this.meter = new FlowMeter(policy);
  }

  take(next: Step): void {
    switch (next.do) {
      case 'begin':
        if (this.meter.room(this.nowMs) > 0) this.#open.push(this.meter.begin(this.nowMs));
        break;
      case 'wait':
        this.nowMs += next.ms;
        break;
      case 'end':
        this.#end(next.which, next.sign);
        break;
      case 'tell': {
        const stamp = this.#takeOne(this.#open, next.which);
        if (stamp === null) break;
        this.meter.tell(stamp, { sign: next.sign }, this.nowMs);
        this.#told.push(stamp);
        break;
      }
      case 'unused': {
        const stamp = this.#takeOne(this.#open, next.which);
        if (stamp !== null) this.meter.returnUnused(stamp);
        break;
      }
      case 'again': {
        const stamp = this.#ended[next.which % Math.max(1, this.#ended.length)];
        if (stamp !== undefined) this.meter.end(stamp, { sign: 'answered' }, this.nowMs);
        break;
      }
      case 'outage':
        this.meter.outageBegan(this.nowMs);
        break;
      case 'recovery':
        this.meter.outageEnded(this.nowMs);
        break;
      case 'restart':
        this.meter = new FlowMeter(this.#policy, JSON.parse(JSON.stringify(this.meter.kept())));
        this.#open.length = 0;
        this.#told.length = 0;
        this.#ended.length = 0;
        break;
    }
    this.#check();
  }

  endAll(): void {
    while (this.#open.length > 0 || this.#told.length > 0) this.#end(0, 'silent');
  }

  #end(index: number, how: CallSign): void {
    const stamp = this.#takeOne(this.#open, index) ?? this.#takeOne(this.#told, index);
    if (stamp === null) return;
    const news = this.meter.end(stamp, { sign: how }, this.nowMs);
    if (news?.type === 'outage.detected') this.meter.outageBegan(this.nowMs);
    this.#ended.push(stamp);
  }

  #takeOne(from: CallStamp[], index: number): CallStamp | null {
    return from.splice(index % Math.max(1, from.length), 1)[0] ?? null;
  }

  #check(): void {
    const { slots, timeoutMs, usualFailureShare } = this.meter.reading();
    const { slotsMin, slotsMax, timeoutMsMin, timeoutMsMax } = this.#policy;
    expect(slots).toBeGreaterThanOrEqual(slotsMin);
    expect(slots).toBeLessThanOrEqual(slotsMax);
    expect(this.meter.reading().inFlight).toBe(this.#open.length);
    expect(this.meter.reading().overhanging).toBe(this.#told.length);
    expect(this.meter.room(this.nowMs)).toBeGreaterThanOrEqual(0);
    expect(this.meter.room(this.nowMs)).toBeLessThanOrEqual(slotsMax - this.#open.length);
    expect(timeoutMs).toBeGreaterThanOrEqual(timeoutMsMin);
    expect(timeoutMs).toBeLessThanOrEqual(timeoutMsMax);
    expect(usualFailureShare).toBeGreaterThanOrEqual(0.1);
    expect(usualFailureShare).toBeLessThanOrEqual(0.9);
  }
}

/** Everything is well, and there is more work than slots: calls of 50 ms, as many as may be in flight. */
function workWell(history: History, seconds: number): void {
  const { meter } = history;
  const untilMs = history.nowMs + seconds * 1_000;
  let inFlight: CallStamp[] = [];
  while (history.nowMs < untilMs) {
    while (meter.room(history.nowMs) > 0) inFlight.push(meter.begin(history.nowMs));
    history.nowMs += 50;
    for (const stamp of inFlight) meter.end(stamp, { sign: 'answered' }, history.nowMs);
    inFlight = [];
  }
}

const histories = fc.array(step, { maxLength: 300 });

test('PF-6 whatever happens, slots and calls in flight are counted, and bounds hold', () => {
  fc.assert(
    fc.property(histories, (steps) => {
      const history = new History(checkFlowPolicy({ slotsMax: 24 }, 'flow'));
      for (const each of steps) history.take(each);
    }),
    { numRuns: 300 },
  );
});

test('PF-6 once everything is well, slots grow to what is asked for', () => {
  fc.assert(
    fc.property(histories, (steps) => {
      const history = new History(checkFlowPolicy({ slotsMax: 24 }, 'flow'));
      for (const each of steps) history.take(each);
      history.endAll();
      history.meter.outageEnded(history.nowMs);
      workWell(history, 120);
      expect(history.meter.reading()).toMatchObject({
        slots: 24,
        inFlight: 0,
        ratePerSecond: null,
      });
    }),
    { numRuns: 100 },
  );
});
