import { expect, test } from 'vitest';
import { FoundSlots } from '../../../../machines/policy/flow/flowMeter.ts';

function afterWindows(slots: FoundSlots, windows: number, found: number | null): number {
  for (let window = 0; window < windows; window += 1) slots.measured();
  slots.outageBegan(found);
  return slots.count;
}

test('DG-3 PF-6 slots are as many as were found before the outage; a ramp has found none', () => {
  const slots = new FoundSlots();
  expect(slots.count).toBe(Number.POSITIVE_INFINITY);
  expect(afterWindows(slots, 3, null)).toBe(Number.POSITIVE_INFINITY);
  expect(afterWindows(slots, 3, 64)).toBe(64);
  expect(afterWindows(slots, 3, null)).toBe(64);
});

test('DG-3 PF-6 fewer count only where there was time to find them, more at once', () => {
  const slots = new FoundSlots();
  afterWindows(slots, 20, 64);
  expect(afterWindows(slots, 3, 16)).toBe(64);
  expect(afterWindows(slots, 3, 80)).toBe(80);
  expect(afterWindows(slots, 8, 10)).toBe(10);
});
