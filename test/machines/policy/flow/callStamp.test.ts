/** What a flow meter remembers of a call that is under way (PF-6). */

import { expect, test } from 'vitest';
import { Stamp } from '../../../../machines/policy/flow/callReport.ts';

test('PF-6 a call begins in flight, with its round, outage and epoch', () => {
  expect(new Stamp(5, 1, 2, 3)).toMatchObject({
    ...{ beganAtMs: 5, round: 1, outage: 2, epoch: 3 },
    state: 'inFlight',
  });
});
