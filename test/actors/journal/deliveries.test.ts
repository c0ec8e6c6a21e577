/** In which pieces it is reported what is durable (CR-1). */

import { expect, test } from 'vitest';
import { Deliveries } from '../../../actors/journal/deliveries.ts';
import { pendingOf } from '../../../actors/journal/journalEntry.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Write } from '../../../persistence/port/store.ts';

/** Writes that become durable at once, each of which is reported for 3 ms, and how many were after each turn. */
function reportedByTurn(writes: readonly Partial<Write>[]): number[] {
  let nowMs = 0;
  let reported = 0;
  const turns: (() => void)[] = [];
  const clock = {
    monotonic: () => nowMs,
    defer: (go: () => void) => turns.push(go),
  } as unknown as Clock;
  const onError = (error: unknown): void => {
    throw error;
  };
  let isOver = false;
  const onEmpty = (): void => {
    isOver = true;
  };
  const deliveries = new Deliveries({ clock, onEmpty, onError });
  for (const [order, write] of writes.entries()) {
    const onDurable = (): void => {
      reported += 1;
      nowMs += 3;
    };
    const pending = pendingOf({ build: () => write as Write, onDurable }, order);
    pending.write = write as Write;
    deliveries.add(pending, { kind: 'updated', laneNext: null });
  }
  deliveries.schedule();
  const counts: number[] = [];
  for (let turn = turns.shift(); turn !== undefined && !isOver; turn = turns.shift()) {
    turn();
    counts.push(reported);
  }
  return counts;
}

const ACCEPTED = { kind: 'accept' } as const;
const ORDERED = { kind: 'update', standing: 'inHand' } as const;
const ENDED = { kind: 'update', standing: 'settled' } as const;

test('CR-1 what may begin an attempt is reported by itself: its handler may block', () => {
  expect(reportedByTurn([ACCEPTED, ORDERED, ACCEPTED])).toEqual([1, 2, 3]);
  expect(reportedByTurn([ENDED, ENDED, ACCEPTED, ENDED])).toEqual([3, 4]);
});

test('CR-1 endings, which begin none, are reported eight at a time', () => {
  expect(reportedByTurn(Array.from({ length: 20 }, () => ENDED))).toEqual([8, 16, 20]);
});
