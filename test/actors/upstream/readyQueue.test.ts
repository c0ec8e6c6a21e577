import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReadyQueue } from '../../../actors/upstream/readyQueue.ts';
import { URGENCY_MAX, upTo } from '../../../machines/vocabulary/urgency.ts';

interface Item {
  readonly urgency: number;
  readonly number: number;
}

/** Everything in the queue, in the order in which it is taken out. */
function takeAll(queue: ReadyQueue<Item>): readonly Item[] {
  const taken: Item[] = [];
  for (let item = queue.first(); item !== undefined; item = queue.first()) {
    taken.push(item);
    queue.delete(item);
  }
  return taken;
}

test('DG-3 the most urgent comes first, in order of arrival within a rank', () => {
  const queue = new ReadyQueue<Item>();
  const items = [3, 1, 2, 1].map((urgency, number) => ({ urgency, number }));
  for (const item of items) queue.add(item);
  expect(takeAll(queue).map(({ number }) => number)).toEqual([1, 3, 2, 0]);
});

test('DG-2 what is less urgent than the level of service allows stays', () => {
  const queue = new ReadyQueue<Item>();
  const late = { urgency: 3, number: 0 };
  queue.add(late);
  expect(queue.first(upTo(2))).toBeUndefined();
  expect(queue.first(upTo(3))).toBe(late);
  expect(queue.first(upTo(3))).toBe(late);
});

test('OP-6 taking out what is not in it changes nothing', () => {
  const queue = new ReadyQueue<Item>();
  const item = { urgency: 1, number: 0 };
  queue.add(item);
  queue.delete({ urgency: 1, number: 0 });
  expect(queue.first()).toBe(item);
  queue.delete(item);
  queue.delete(item);
  expect(queue.first()).toBeUndefined();
  queue.add(item);
  expect(takeAll(queue)).toEqual([item]);
});

test('DG-3 whatever is added and taken, the first is that of a sorted list', () => {
  const rank = fc.integer({ min: 0, max: URGENCY_MAX });
  const step = fc.record({ urgency: rank, bound: rank, takes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new ReadyQueue<Item>();
      let sorted: Item[] = [];
      for (const [number, { urgency, bound, takes }] of steps.entries()) {
        const item = { urgency, number };
        queue.add(item);
        sorted = [...sorted, item].toSorted((a, b) => a.urgency - b.urgency || a.number - b.number);
        const first = queue.first(upTo(bound));
        expect(first).toBe(sorted.find((other) => other.urgency <= bound));
        if (takes && first !== undefined) {
          queue.delete(first);
          sorted = sorted.filter((other) => other !== first);
        }
      }
      expect(takeAll(queue)).toEqual(sorted);
    }),
  );
});
