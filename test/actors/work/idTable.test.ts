import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdTable } from '../../../actors/work/idTable.ts';

interface Item {
  readonly id: string;
}

/** What both hold, in one order. */
function sorted(items: Iterable<Item>): readonly string[] {
  return [...items].map(({ id }) => id).toSorted();
}

test('OP-6 a table of ids finds, counts and lists what a Map would', () => {
  const anyId = fc.oneof(fc.uuid(), fc.string({ maxLength: 3 }));
  const steps = fc.array(fc.record({ id: anyId, isAdded: fc.boolean() }), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (history) => {
      const table = new IdTable<Item>();
      const map = new Map<string, Item>();
      for (const { id, isAdded } of history) {
        if (isAdded && !map.has(id)) {
          const item = { id };
          table.add(item);
          map.set(id, item);
        } else {
          table.take(id);
          map.delete(id);
        }
        expect(table.size).toBe(map.size);
        expect(table.get(id)).toBe(map.get(id));
      }
      expect(sorted(table.values())).toEqual(sorted(map.values()));
    }),
  );
});

test('OP-6 a table of ids grows with what it holds and loses none', () => {
  const table = new IdTable<Item>();
  const items = Array.from({ length: 5_000 }, (_, number) => ({ id: `operation-${number}` }));
  for (const item of items) table.add(item);
  expect(table.size).toBe(items.length);
  for (const item of items) expect(table.get(item.id)).toBe(item);
  for (const { id } of items) table.take(id);
  expect(table.size).toBe(0);
  expect(table.values()).toEqual([]);
});
