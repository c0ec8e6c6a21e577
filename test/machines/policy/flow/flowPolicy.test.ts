import { describe, expect, test } from 'vitest';
import {
  checkFlowPolicy,
  checkFlowTuning,
  DEFAULT_FLOW_POLICY,
  FLOW_TUNING_RULES,
  type FlowPolicy,
} from '../../../../machines/policy/flow/flowPolicy.ts';

const check = (options?: Partial<FlowPolicy>): FlowPolicy => checkFlowPolicy(options, 'flow');

describe('PF-6 the policy of a flow meter', () => {
  test('PF-6 without options it is the default', () => {
    expect(check()).toEqual(DEFAULT_FLOW_POLICY);
    expect(check({})).toEqual(DEFAULT_FLOW_POLICY);
  });

  test('PF-6 a bound that is tighter than a default bounds the default too', () => {
    expect(check({ slotsMax: 1 })).toMatchObject({ slotsMin: 1, slotsAtStart: 1, slotsMax: 1 });
    expect(check({ timeoutMsMax: 200 })).toMatchObject({ timeoutMsMin: 200 });
    expect(check({ probeMsMin: 60_000 })).toMatchObject({ probeMsMax: 60_000 });
  });

  test('PF-6 bounds that are equal are not at odds', () => {
    const equal = { slotsMin: 5, slotsMax: 5, slotsAtStart: 5 };
    const spans = { timeoutMsMin: 7_000, timeoutMsMax: 7_000, probeMsMin: 900, probeMsMax: 900 };
    expect(check({ ...equal, ...spans })).toMatchObject({ ...equal, ...spans });
  });

  const SPAN_MS_MAX = 366 * 86_400_000;
  test.each<[field: keyof FlowPolicy, least: number, most: number]>([
    ['slotsMin', 1, 100_000],
    ['slotsMax', 1, 100_000],
    ['slotsAtStart', 1, 100_000],
    ['slotsShareAfterOutage', 0.01, 1],
    ['surprise', 1e-12, 0.1],
    ['failureShareMin', 0.001, 0.9],
    ['probeMsMin', 1, SPAN_MS_MAX],
    ['probeShare', 0.01, 1],
    ['probeMsMax', 1, SPAN_MS_MAX],
    ['probesMax', 1, 1_000],
    ['timeoutMsMin', 1, SPAN_MS_MAX],
    ['timeoutMsMax', 1, SPAN_MS_MAX],
    ['latencyNoiseMs', 0, SPAN_MS_MAX],
    ['ratePerSecondMin', 0.01, 100_000],
  ])('UX-2 %s is from %d to %d', (field, least, most) => {
    const others = { slotsMin: 1, slotsMax: 100_000, slotsAtStart: 50, probeMsMin: 1 };
    const wide = { ...others, timeoutMsMin: 1, timeoutMsMax: SPAN_MS_MAX, probeMsMax: SPAN_MS_MAX };
    const fitting = (value: number): Partial<FlowPolicy> => {
      const isSlots = field.startsWith('slotsM') || field === 'slotsAtStart';
      return { ...wide, ...(isSlots ? { slotsAtStart: value } : {}), [field]: value };
    };
    for (const value of [least, most]) expect(check(fitting(value))[field]).toBe(value);
    for (const value of [least - 0.001, most + 1]) {
      expect(() => check(fitting(value)), `${value}`).toThrow(/^flow\.\w+ must (be|not be above)/);
    }
    const isWhole = Number.isInteger(least);
    if (isWhole) expect(() => check(fitting(least + 1.5))).toThrow(/^flow\.\w+ must be a whole/);
    else expect(check(fitting((least + most) / 2))[field]).toBe((least + most) / 2);
  });

  test.each<[string, Partial<FlowPolicy>, string]>([
    ['slotsMin', { slotsMin: 9, slotsMax: 8 }, 'must not be above slotsMax'],
    ['slotsAtStart', { slotsAtStart: 40 }, 'must be from slotsMin to slotsMax'],
    ['slotsAtStart', { slotsAtStart: 1 }, 'must be from slotsMin to slotsMax'],
    ['timeoutMsMin', { timeoutMsMin: 20_000 }, 'must not be above timeoutMsMax'],
    ['probeMsMin', { probeMsMin: 200, probeMsMax: 100 }, 'must not be above probeMsMax'],
  ])('UX-2 %s of %j is at odds, and the error says with what', (field, options, rule) => {
    expect(() => check(options)).toThrow(`flow.${field} ${rule}`);
  });

  test('PF-6 of an upstream the most slots and the longest timeout are its own policies', () => {
    const names = Object.keys(DEFAULT_FLOW_POLICY);
    const ofUpstream = ['slotsMax', 'timeoutMsMax'];
    expect(Object.keys(FLOW_TUNING_RULES)).toEqual(
      names.filter((each) => !ofUpstream.includes(each)),
    );
    const bounds = { concurrency: 64, attemptTimeoutMs: 5_000 };
    expect(checkFlowTuning({ slotsAtStart: 9 }, bounds, 'flow')).toEqual({
      ...DEFAULT_FLOW_POLICY,
      slotsAtStart: 9,
      slotsMax: 64,
      timeoutMsMax: 5_000,
    });
    expect(Object.isFrozen(DEFAULT_FLOW_POLICY)).toBe(true);
  });

  test('PF-6 what holds unless it is set', () => {
    expect(DEFAULT_FLOW_POLICY).toEqual({
      ...{ slotsMin: 2, slotsMax: 32, slotsAtStart: 8, slotsShareAfterOutage: 1 / 3 },
      ...{ surprise: 1e-5, failureShareMin: 0.1 },
      ...{ probeMsMin: 250, probeShare: 0.075, probeMsMax: 15_000, probesMax: 3 },
      ...{ timeoutMsMin: 1_000, timeoutMsMax: 10_000, latencyNoiseMs: 40, ratePerSecondMin: 1 },
    });
  });

  test.each<[string, Partial<FlowPolicy>]>([
    ['flow.slotsMin', { slotsMin: 9, slotsMax: 8 }],
    ['flow.slotsAtStart', { slotsAtStart: 40 }],
    ['flow.timeoutMsMin', { timeoutMsMin: 20_000 }],
    ['flow.probeMsMin', { probeMsMin: 200, probeMsMax: 100 }],
    ['flow.surprise', { surprise: 0 }],
    ['flow.failureShareMin', { failureShareMin: 1 }],
    ['flow.slotsMax', { slotsMax: 1.5 }],
    ['flow.nonsense', { nonsense: 1 } as Partial<FlowPolicy>],
  ])('UX-2 %s is refused by name', (field, options) => {
    expect(() => check(options)).toThrow(
      expect.objectContaining({
        code: 'HF_OPTION_INVALID',
        message: expect.stringContaining(field),
      }),
    );
  });
});
