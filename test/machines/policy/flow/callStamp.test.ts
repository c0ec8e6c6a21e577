/** What a flow meter remembers of a call that is under way (PF-6). */

import { expect, test } from 'vitest';
import { FlowMeter } from '../../../../machines/policy/flow/flowMeter.ts';
import { DEFAULT_FLOW_POLICY } from '../../../../machines/policy/flow/flowPolicy.ts';

test('PF-6 a call begins in flight, with its time-out, round, outage and epoch', () => {
  const meter = new FlowMeter(DEFAULT_FLOW_POLICY);
  const timeoutMs = meter.timeoutMs;
  expect(meter.begin(5)).toEqual({
    ...{ beganAtMs: 5, timeoutMs, round: 1, outage: 0, epoch: 0 },
    state: 'inFlight',
  });
  meter.outageBegan(6);
  expect(meter.begin(7)).toMatchObject({ beganAtMs: 7, outage: 1, epoch: 1 });
});
