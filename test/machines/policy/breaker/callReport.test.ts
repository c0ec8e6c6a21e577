import { describe, expect, test } from 'vitest';
import {
  BREAKER_MODES,
  type BreakerDecision,
} from '../../../../machines/policy/breaker/breakerDecision.ts';
import type { BreakerState } from '../../../../machines/policy/breaker/breakerPolicy.ts';
import { callMeaning, isUpstreamWell } from '../../../../machines/policy/breaker/callReport.ts';

const GENERATION = 7;

function deciding(state: BreakerState, generation = GENERATION): BreakerDecision {
  const recordsResults = state === 'closed';
  return { generation, mode: BREAKER_MODES[state], retryAtMs: null, recordsResults };
}

const CALL = { generation: GENERATION, probeId: null };
const PROBE = { generation: GENERATION, probeId: 'probe-7-1' };

describe('CB-1 CB-2 what the end of a call means', () => {
  test('CB-5 while the breaker is closed, a call of its generation is counted', () => {
    expect(callMeaning(CALL, 'success', deciding('closed'))).toBe('counted');
    expect(callMeaning(CALL, 'failure', deciding('closed'))).toBe('counted');
  });

  test('CB-2 a call from before the last change of state means nothing', () => {
    for (const generation of [GENERATION - 1, GENERATION + 1]) {
      expect(callMeaning(CALL, 'failure', deciding('closed', generation))).toBe('stale');
    }
  });

  test.each(['open', 'halfOpen', 'forcedOpen', 'disabled'] as const)(
    'CB-1 nothing is counted while the breaker is %s',
    (state) => {
      expect(callMeaning(CALL, 'failure', deciding(state))).toBe('stale');
    },
  );

  test('CB-2 the end of a probe is told to the chart, whatever the state is by then', () => {
    for (const state of ['halfOpen', 'open', 'closed'] as const) {
      const decision = deciding(state, GENERATION + 1);
      expect(callMeaning(PROBE, 'success', decision)).toBe('probe.succeeded');
      expect(callMeaning(PROBE, 'failure', decision)).toBe('probe.failed');
      expect(callMeaning(PROBE, 'ignored', decision)).toBe('probe.ignored');
    }
  });
});

describe('RT-1 whether the upstream serves others', () => {
  test('RT-1 after a success, with a breaker that was closed from begin to end', () => {
    expect(isUpstreamWell(CALL, deciding('closed'), true)).toBe(true);
    expect(isUpstreamWell(CALL, deciding('closed'), false)).toBe(false);
  });

  test('RT-1 not while the breaker is open or probes, nor once it was', () => {
    expect(isUpstreamWell(CALL, deciding('open'), true)).toBe(false);
    expect(isUpstreamWell(PROBE, deciding('halfOpen'), true)).toBe(false);
    expect(isUpstreamWell(CALL, deciding('closed', GENERATION + 2), true)).toBe(false);
  });
});
