import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Slots } from '../../../../machines/policy/flow/slots.ts';

const AFTER_OUTAGE = 4;

describe('OP-6 slots', () => {
  test('OP-6 each call takes one and gives one back', () => {
    const slots = new Slots(2);
    const outage = slots.take();
    slots.take();
    expect([slots.free, slots.inFlight]).toEqual([0, 2]);
    slots.giveBack(outage, false);
    expect([slots.free, slots.inFlight]).toEqual([1, 1]);
  });
});

describe('DG-3 slow start', () => {
  test('DG-3 a probe leaves few open, and each success that counts opens one more, up to all', () => {
    const slots = new Slots(6);
    slots.startSlowly(3);
    expect(slots.free).toBe(AFTER_OUTAGE);
    for (const free of [5, 6, 6]) {
      slots.giveBack(slots.take(), true);
      expect(slots.free).toBe(free);
    }
    slots.giveBack(slots.take(), false);
    expect(slots.free).toBe(6);
  });

  test('DG-3 calls from before an outage take none of the open ones, and give none back', () => {
    const slots = new Slots(20);
    const before = Array.from({ length: 10 }, () => slots.take());
    slots.startSlowly(3);
    expect(slots.free).toBe(AFTER_OUTAGE);
    const probe = slots.take();
    for (const outage of before) slots.giveBack(outage, false);
    expect(slots.free).toBe(AFTER_OUTAGE - 1);
    slots.giveBack(probe, false);
    expect([slots.free, slots.inFlight]).toEqual([AFTER_OUTAGE, 0]);
  });

  test('DG-3 the first generation that probes ends an outage, whatever its number', () => {
    for (const generation of [0, 1, 2]) {
      const slots = new Slots(20);
      const before = slots.take();
      slots.startSlowly(generation);
      expect(slots.free).toBe(AFTER_OUTAGE);
      expect(slots.take()).not.toBe(before);
    }
  });

  test('DG-3 further probes of one generation belong to the same outage', () => {
    const slots = new Slots(20);
    slots.startSlowly(3);
    const first = slots.take();
    slots.startSlowly(3);
    expect(slots.take()).toBe(first);
    slots.startSlowly(5);
    expect(slots.free).toBe(AFTER_OUTAGE);
    slots.giveBack(first, false);
    expect(slots.free).toBe(AFTER_OUTAGE);
  });
});

test('OP-6 DG-3 whatever comes and goes, no more are free than there are, and at idle none is taken', () => {
  const step = fc.oneof(
    fc.constant({ kind: 'take' as const }),
    fc.record({ kind: fc.constant('back' as const), which: fc.nat(), succeeded: fc.boolean() }),
    fc.record({ kind: fc.constant('probe' as const), generation: fc.nat(5) }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(step, { maxLength: 60 }),
      (max, steps) => {
        const slots = new Slots(max);
        const out: number[] = [];
        for (const done of steps) {
          if (done.kind === 'probe') slots.startSlowly(done.generation);
          else if (done.kind === 'take') {
            if (slots.free > 0) out.push(slots.take());
          } else if (out.length > 0) {
            const [outage = 0] = out.splice(done.which % out.length, 1);
            slots.giveBack(outage, done.succeeded);
          }
          expect(slots.inFlight).toBe(out.length);
          expect(slots.free).toBeGreaterThanOrEqual(0);
          expect(slots.free + slots.inFlight).toBeLessThanOrEqual(max);
        }
        for (const outage of out) slots.giveBack(outage, false);
        expect(slots.inFlight).toBe(0);
        expect(slots.free).toBeGreaterThan(0);
      },
    ),
  );
});
