/**
 * What each state of a breaker means for a call (CB-1, CB-5).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { BREAKER_MODES } from '../../../../machines/policy/breaker/breakerDecision.ts';

test('CB-1 CB-5 calls pass while it is closed or disabled, one probes while half open, else none', () => {
  expect(BREAKER_MODES).toEqual({
    closed: 'pass',
    open: 'refuse',
    halfOpen: 'probe',
    forcedOpen: 'refuse',
    disabled: 'pass',
  });
});
