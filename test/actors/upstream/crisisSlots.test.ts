import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CrisisDelivery, CrisisSlots } from '../../../actors/upstream/crisisSlots.ts';
import { slotShares } from '../../../machines/policy/crisis/crisisSlotShares.ts';

/** Each delivery is a first attempt of a subject of its own, but for what is said of it. */
function openSlots(slotsMax: number) {
  const slots = new CrisisSlots(() => slotsMax);
  const begun: string[] = [];
  const enter = (
    name: string,
    entity: string | null = null,
    more: Partial<CrisisDelivery> = {},
  ): (() => void) =>
    slots.enter({ subject: `subject of ${name}`, entity, isFirst: true, ...more }, () => {
      begun.push(name);
    }).leave;
  return { enter, begun };
}

test('CR-2 one subject never holds more than its share, and one that has none goes at once', () => {
  const { enter, begun } = openSlots(16);
  for (let at = 0; at < 300; at += 1) enter(`hangs ${at}`, null, { subject: 'a' });
  expect(begun).toEqual(['hangs 0', 'hangs 1', 'hangs 2', 'hangs 3']);
  for (const name of ['b', 'c', 'd']) enter(name);
  expect(begun.slice(4)).toEqual(['b', 'c', 'd']);
  // Control: another of the subject that hangs waits.
  enter('again', null, { subject: 'a' });
  expect(begun).toHaveLength(7);
});

test('CR-2 repeats take no slot of first attempts', () => {
  const { enter, begun } = openSlots(16);
  for (let at = 0; at < 300; at += 1) enter(`repeat ${at}`, null, { isFirst: false });
  expect(begun).toHaveLength(8);
  for (let at = 0; at < 8; at += 1) enter(`first ${at}`);
  expect(begun).toHaveLength(16);
  enter('one more');
  expect(begun).toHaveLength(16);
});

test('CR-2 a repeat that waits is not passed by for ever: it comes before first attempts that came later', () => {
  const { enter, begun } = openSlots(2);
  const leave = new Map<string, () => void>();
  const add = (name: string, isFirst: boolean): void => {
    leave.set(name, enter(name, null, { isFirst }));
  };
  add('first 0', true);
  add('first 1', true);
  add('repeat', false);
  for (let at = 2; at < 9; at += 1) add(`first ${at}`, true);
  expect(begun).toEqual(['first 0', 'first 1']);
  leave.get('first 1')?.();
  expect(begun).toEqual(['first 0', 'first 1', 'repeat']);
});

test('CR-2 subjects take turns', () => {
  const { enter, begun } = openSlots(1);
  const leave: (() => void)[] = [];
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) {
    leave.push(enter(name, null, { subject: name.slice(0, 1) }));
  }
  const names = ['a1', 'a2', 'a3', 'b1', 'b2', 'c1'];
  for (let at = 0; at < 5; at += 1) leave[names.indexOf(begun.at(-1) ?? '')]?.();
  // The second of a came before anybody else did.
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
});

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

test('CR-2 OP-4 whatever comes and goes, slots, shares and order hold, and nothing is left waiting', () => {
  const step = fc.record({
    subject: fc.constantFrom('s', 't', 'u'),
    entity: fc.constantFrom('a', 'b', null),
    isFirst: fc.boolean(),
    leaves: fc.nat({ max: 9 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      (steps, slotsMax) => {
        const slots = new CrisisSlots(() => slotsMax);
        const { subjectMax, shared } = slotShares(slotsMax);
        const inside = new Map<number, CrisisDelivery>();
        const leave: (() => void)[] = [];
        const begun: { number: number; entity: string | null }[] = [];
        const end = (number: number): void => {
          inside.delete(number);
          leave[number]?.();
        };
        for (const [number, { leaves, ...delivery }] of steps.entries()) {
          const { entity, subject } = delivery;
          leave[number] = slots.enter(delivery, () => {
            const others = [...inside.values()];
            if (entity !== null) expect(others.map((other) => other.entity)).not.toContain(entity);
            inside.set(number, delivery);
            begun.push({ number, entity });
            const all = [...inside.values()];
            expect(all.length).toBeLessThanOrEqual(slotsMax);
            expect(all.filter((other) => other.subject === subject).length).toBeLessThanOrEqual(
              subjectMax,
            );
            expect(all.filter(({ isFirst }) => !isFirst).length).toBeLessThanOrEqual(shared);
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
      },
    ),
  );
});

test('CR-2 one that takes long goes on without its slot, and makes room for two', () => {
  const slots = new CrisisSlots(() => 2);
  const begun: string[] = [];
  const enter = (name: string) =>
    slots.enter({ subject: name, entity: null, isFirst: true }, () => {
      begun.push(name);
    });
  const held = ['a', 'b', 'c', 'd', 'e', 'f'].map(enter);
  expect(begun).toEqual(['a', 'b']);
  held[0]?.hang();
  // Its own slot, and one more.
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  held[0]?.hang();
  held[5]?.hang();
  expect(begun).toHaveLength(4);
  // It has ended, and with it the one more: who comes waits for a slot.
  held[0]?.leave();
  expect(begun).toHaveLength(4);
  held[2]?.leave();
  expect(begun).toHaveLength(4);
  held[3]?.leave();
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('CR-2 of one subject no more go on without a slot than there are slots', () => {
  const slots = new CrisisSlots(() => 4);
  const begun: number[] = [];
  const held = Array.from({ length: 20 }, (_, at) =>
    slots.enter({ subject: 'a', entity: null, isFirst: true }, () => {
      begun.push(at);
    }),
  );
  for (const each of held) each.hang();
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  // Another has a slot at once.
  slots.enter({ subject: 'b', entity: null, isFirst: true }, () => begun.push(100));
  expect(begun.at(-1)).toBe(100);
  // One of those ends: the one that holds its slot still gives it back.
  held[0]?.leave();
  expect(begun).toEqual([0, 1, 2, 3, 4, 100, 5]);
});
