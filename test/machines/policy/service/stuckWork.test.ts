import { expect, test } from 'vitest';
import { stuckReason } from '../../../../machines/policy/service/restartPolicy.ts';
import type { WaitCause } from '../../../../machines/vocabulary/standing.ts';

const NOW_MS = 100;

function waits(because: WaitCause, untilAtMs: number | null = null) {
  return { may: false, because, untilAtMs } as const;
}

test.each([
  ['nothing stands against it', { may: true } as const, 0, 'unknown'],
  ['for slots that nobody holds', waits('slot'), 0, 'slot'],
  ['for slots of calls under way', waits('slot'), 1, null],
  ['for a probe that is due later', waits('breaker', NOW_MS + 1), 0, null],
  ['for a probe that was due', waits('breaker', NOW_MS), 0, 'breaker'],
  ['for an operator, who knows', waits('operator'), 0, null],
  ['for a disk, of which all are told', waits('storage'), 0, null],
])('HM-1 work that waits %s', (_, answer, running, reason) => {
  expect(stuckReason(answer, running, NOW_MS)).toBe(reason);
});
