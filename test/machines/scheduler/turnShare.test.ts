import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TURNS_PER_SHARE, TurnShare } from '../../../machines/scheduler/mayRun.ts';
import {
  mostUrgent,
  NO_RANKS,
  only,
  type RankSet,
  URGENCY_MAX,
} from '../../../machines/vocabulary/urgency.ts';

const ROUND = TURNS_PER_SHARE + 1;
const anyRank = fc.integer({ min: 1, max: URGENCY_MAX });
const setOf = (ranks: readonly number[]): RankSet =>
  ranks.reduce((set, rank) => set | only(rank), NO_RANKS);

/** Who has the turn while these wait; it is told. */
function turn(
  share: TurnShare,
  waiting: RankSet,
): { readonly rank: number; readonly isShare: boolean } {
  const owed = share.rankOwed(waiting);
  if (owed === null) share.took(mostUrgent(waiting), waiting);
  else share.tookShare(owed, 1);
  return { rank: owed ?? mostUrgent(waiting), isShare: owed !== null };
}

describe('DG-2 who has the next turn', () => {
  test('DG-2 of 32 turns one goes to a rank behind, each in its turn', () => {
    const share = new TurnShare(0);
    const waiting = setOf([1, 4, 9]);
    const turns = Array.from({ length: 4 * ROUND }, () => turn(share, waiting).rank);
    expect(turns.flatMap((rank, at) => (rank === 1 ? [] : [[at, rank]]))).toEqual([
      [31, 4],
      [63, 9],
      [95, 4],
      [127, 9],
    ]);
  });

  test('DG-2 a rank that waits alone owes nothing, and what arrives behind it is owed from then on', () => {
    const share = new TurnShare(0);
    for (let n = 0; n < 100; n += 1) expect(turn(share, only(1)).rank).toBe(1);
    const turns = Array.from({ length: ROUND }, () => turn(share, setOf([1, 2])).rank);
    expect(turns.indexOf(2)).toBe(TURNS_PER_SHARE);
  });

  test('DG-2 turns that could not be given are kept, and are no flood later', () => {
    const share = new TurnShare(0);
    const waiting = setOf([1, 9]);
    for (let n = 0; n < 10_000; n += 1) share.took(1, waiting);
    expect(share.owed).toBe(6);
    const turns = Array.from({ length: 10 }, () => turn(share, waiting).rank);
    expect(turns).toEqual([9, 9, 9, 9, 9, 9, 1, 1, 1, 1]);
  });

  test('DG-2 where nobody waits behind, nobody is owed a turn, however many were due', () => {
    const share = new TurnShare(0);
    for (let n = 0; n < 100; n += 1) share.took(1, setOf([1, 9]));
    expect(share.rankOwed(only(1))).toBeNull();
    expect(share.rankOwed(setOf([1, 9]))).toBe(9);
  });

  test('DG-2 each process begins elsewhere in the round, and with another rank', () => {
    const share = new TurnShare(18);
    const waiting = setOf([1, 4, 6, 9]);
    for (let n = 18; n < TURNS_PER_SHARE; n += 1) {
      expect(share.rankOwed(waiting)).toBeNull();
      share.took(1, waiting);
    }
    expect(share.rankOwed(waiting)).toBe(9);
  });

  test('DG-2 however ranks come and go, one that keeps waiting has its turn, and urgent ones 31 of 32', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000),
        anyRank,
        fc.array(fc.array(anyRank, { maxLength: 5 }), { minLength: 1, maxLength: 40 }),
        (start, waiter, pattern) => {
          const share = new TurnShare(start);
          let since = 0;
          let outOfOrder = 0;
          const turns = 4 * ROUND * URGENCY_MAX;
          for (let n = 0; n < turns; n += 1) {
            const { rank, isShare } = turn(
              share,
              setOf([waiter, ...(pattern[n % pattern.length] ?? [])]),
            );
            since = rank === waiter ? 0 : since + 1;
            if (isShare) outOfOrder += 1;
            if (since > ROUND * URGENCY_MAX) return false;
          }
          return outOfOrder <= Math.ceil(turns / ROUND) + 1;
        },
      ),
    );
  });

  test('DG-2 processes that live for a few turns keep nobody waiting either', () => {
    const waiting = setOf([1, 3, 9]);
    const had = new Set<number>();
    for (let life = 0; life < 64; life += 1) {
      const share = new TurnShare(life * 7_919);
      for (let n = 0; n < 5; n += 1) had.add(turn(share, waiting).rank);
    }
    expect([...had].toSorted((a, b) => a - b)).toEqual([1, 3, 9]);
  });
});
