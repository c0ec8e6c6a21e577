import { describe, expect, test } from 'vitest';
import {
  checkFlowPolicy,
  DEFAULT_FLOW_POLICY,
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
