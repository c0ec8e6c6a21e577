import { expect, test } from 'vitest';
import { COUNTED_MS, ManySubjects } from '../../../src/outside/outsideHost.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

function counting(many: number) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const subjects = new ManySubjects({
    clock,
    many,
    onMany: (caller, count) => told.push(`${caller} ${count}`),
  });
  const ask = (from: number, to: number): void => {
    for (let number = from; number < to; number += 1) {
      subjects.note('backend', { subject: `user-${number}` });
    }
  };
  return { clock, told, subjects, ask };
}

test('CR-3 as many as that within ten minutes are told of once, and again ten minutes later', async () => {
  const { clock, told, ask } = counting(50);
  ask(0, 49);
  expect(told).toEqual([]);
  ask(0, 300);
  expect(told).toEqual(['backend 50']);
  await clock.advance(COUNTED_MS - 1);
  ask(300, 600);
  expect(told).toHaveLength(1);
  await clock.advance(1);
  ask(0, 300);
  expect(told).toEqual(['backend 50', 'backend 50']);
});

test('CR-3 control: people who come one after another all day are no news', async () => {
  const { clock, told, ask } = counting(50);
  for (let number = 0; number < 1_000; number += 1) {
    ask(number, number + 1);
    await clock.advance(15_000);
  }
  expect(told).toEqual([]);
});

test('CR-3 a person is one in each form, and what names none counts for nothing', () => {
  const { told, subjects } = counting(3);
  for (const subject of ['42', 42, 'Jos\u00e9', 'Jose\u0301', undefined, '', { id: 1 }]) {
    subjects.note('page', { subject });
  }
  subjects.note('page', 'help');
  subjects.note('backend', { subject: 'a third' });
  expect(told).toEqual([]);
  subjects.note('page', { subject: 'a third' });
  expect(told).toEqual(['page 3']);
});
