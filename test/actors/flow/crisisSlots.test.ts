import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CrisisSlots } from '../../../actors/flow/crisisSlots.ts';

function openSlots(slotsMax: number) {
  const slots = new CrisisSlots(() => slotsMax);
  const begun: string[] = [];
  const enter = (name: string, entity: string | null = null): (() => void) =>
    slots.enter(entity, () => {
      begun.push(name);
    }).leave;
  return { enter, begun };
}

test('CR-2 no more deliveries run than there are slots, and the next begins when one ends', () => {
  const { enter, begun } = openSlots(2);
  const leaveFirst = enter('first');
  enter('second');
  enter('third');
  expect(begun).toEqual(['first', 'second']);
  leaveFirst();
  expect(begun).toEqual(['first', 'second', 'third']);
});

test('OP-4 CR-2 crises of one entity begin in order, those of others pass them by', () => {
  const { enter, begun } = openSlots(4);
  const leaveFirst = enter('a1', 'a');
  const leaveSecond = enter('a2', 'a');
  enter('a3', 'a');
  enter('b1', 'b');
  enter('none');
  expect(begun).toEqual(['a1', 'b1', 'none']);
  leaveFirst();
  expect(begun).toEqual(['a1', 'b1', 'none', 'a2']);
  leaveSecond();
  expect(begun).toEqual(['a1', 'b1', 'none', 'a2', 'a3']);
});

test('OP-4 CR-4 a delivery that failed lets the next of its entity begin, and retries behind it', () => {
  const { enter, begun } = openSlots(4);
  const leaveFailed = enter('first', 'a');
  const leaveSecond = enter('second', 'a');
  leaveFailed();
  enter('first again', 'a');
  expect(begun).toEqual(['first', 'second']);
  leaveSecond();
  expect(begun).toEqual(['first', 'second', 'first again']);
});

test('OP-5 CR-2 one that leaves while it waits never begins and frees no slot', () => {
  const { enter, begun } = openSlots(1);
  const leaveFirst = enter('first', 'a');
  const cancel = enter('cancelled', 'a');
  enter('third', 'a');
  cancel();
  cancel();
  expect(begun).toEqual(['first']);
  leaveFirst();
  expect(begun).toEqual(['first', 'third']);
});

test('CR-2 leaving twice frees one slot', () => {
  const { enter, begun } = openSlots(1);
  const leaveFirst = enter('first');
  enter('second');
  enter('third');
  leaveFirst();
  leaveFirst();
  expect(begun).toEqual(['first', 'second']);
});

test('CR-2 OP-4 whoever comes and goes, slots and order hold, and nobody is left waiting', () => {
  const step = fc.record({ entity: fc.constantFrom('a', 'b', null), leaves: fc.nat({ max: 9 }) });
  fc.assert(
    fc.property(fc.array(step), fc.integer({ min: 1, max: 3 }), (steps, slotsMax) => {
      const slots = new CrisisSlots(() => slotsMax);
      const inside = new Map<number, string | null>();
      const leave: (() => void)[] = [];
      const begun: { number: number; entity: string | null }[] = [];
      const end = (number: number): void => {
        inside.delete(number);
        leave[number]?.();
      };
      for (const [number, { entity, leaves }] of steps.entries()) {
        leave[number] = slots.enter(entity, () => {
          if (entity !== null) expect([...inside.values()]).not.toContain(entity);
          inside.set(number, entity);
          begun.push({ number, entity });
          expect(inside.size).toBeLessThanOrEqual(slotsMax);
        }).leave;
        const ends = [...inside.keys()][leaves];
        if (ends !== undefined) end(ends);
      }
      for (let next = [...inside.keys()]; next.length > 0; next = [...inside.keys()]) {
        for (const number of next) end(number);
      }
      expect(begun).toHaveLength(steps.length);
      for (const entity of ['a', 'b']) {
        const numbers = begun
          .filter((other) => other.entity === entity)
          .map(({ number }) => number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
    }),
  );
});
