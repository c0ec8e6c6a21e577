import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Line, Slices } from '../../../actors/platform/slices.ts';

/** No turn of the event loop may do more of it, in milliseconds. */
const SLICE_MS_MAX = 5;

/** An event loop whose turns are taken by hand, and whose time passes by work alone. */
class Loop {
  nowMs = 1_000;
  #deferred: (() => void)[] = [];
  readonly slices = Slices.of(this);

  monotonic(): number {
    return this.nowMs;
  }

  defer(go: () => void): void {
    this.#deferred.push(go);
  }

  /** Takes turns until there is nothing left; `asks` has its own before each, and all that is done is measured. */
  run(asks: () => void = () => undefined): number[] {
    const tookMs: number[] = [];
    while (this.#deferred.length > 0) {
      const beganAtMs = this.nowMs;
      asks();
      const due = this.#deferred;
      this.#deferred = [];
      for (const go of due) go();
      tookMs.push(this.nowMs - beganAtMs);
    }
    return tookMs;
  }

  work(ms: number): () => void {
    return () => {
      this.nowMs += ms;
    };
  }
}

describe('CR-1 what comes at once is worked through in slices', () => {
  test('CR-1 property: no turn does more than a slice, whatever comes, from where and inside what', () => {
    const piece = fc.record({
      line: fc.constantFrom('asked', 'calls', 'repeats', 'ends', 'wakes' as const),
      how: fc.constantFrom('do', 'later' as const),
      ms: fc.double({ min: 0, max: 0.9, noNaN: true }),
      /** What it sets off itself. */
      sets: fc.array(fc.double({ min: 0, max: 0.9, noNaN: true }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 400 }), (pieces) => {
        const loop = new Loop();
        const doneOf = new Map<Line, number[]>();
        let done = 0;
        const all = pieces.reduce((sum, { sets }) => sum + 1 + sets.length, 0);
        const began = loop.nowMs;
        for (const [number, { line: name, how, ms, sets }] of pieces.entries()) {
          const line = loop.slices[name];
          line[how](() => {
            loop.nowMs += ms;
            done += 1;
            doneOf.set(line, [...(doneOf.get(line) ?? []), number]);
            for (const more of sets) {
              line.do(() => {
                loop.nowMs += more;
                done += 1;
              });
            }
          });
        }
        const firstTurnMs = loop.nowMs - began;
        const [secondMs = 0, ...othersMs] = loop.run();
        expect(done).toBe(all);
        // What was done where it came, and the slice that ends the turn.
        expect(firstTurnMs + secondMs).toBeLessThan(SLICE_MS_MAX);
        for (const ms of othersMs) expect(ms).toBeLessThan(SLICE_MS_MAX);
        for (const order of doneOf.values()) expect(order).toEqual(order.toSorted((a, b) => a - b));
      }),
    );
  });

  test('CR-1 who asks now comes before the ends of those who asked before, which go on all the same', () => {
    const loop = new Loop();
    const order: string[] = [];
    for (let end = 0; end < 100; end += 1) {
      loop.slices.ends.do(() => {
        loop.nowMs += 0.5;
        order.push('end');
      });
    }
    const endsBefore = order.length;
    let turns = 0;
    const tookMs = loop.run(() => {
      turns += 1;
      if (turns > 20) return;
      // More than a turn has time for.
      for (let ask = 0; ask < 10; ask += 1) {
        loop.slices.asked.do(() => {
          loop.nowMs += 0.5;
          order.push('ask');
        });
      }
    });
    const first = order.slice(endsBefore, order.lastIndexOf('ask') + 1);
    const ends = first.filter((what) => what === 'end').length;
    expect(first.length - ends).toBe(200);
    // A third of the time, and never none.
    expect(ends).toBeGreaterThanOrEqual(turns > 20 ? 20 : turns);
    expect(ends).toBeLessThan(first.length / 2);
    expect(order.filter((what) => what === 'end')).toHaveLength(100);
    expect(Math.max(...tookMs)).toBeLessThan(SLICE_MS_MAX);
  });

  test('CR-1 the sources of others take turns', () => {
    const loop = new Loop();
    const order: string[] = [];
    const source = (name: string, count: number): void => {
      let left = count;
      loop.slices.workLater(() => {
        order.push(name);
        loop.nowMs += 0.5;
        left -= 1;
        return left > 0;
      });
    };
    source('many', 100);
    source('few', 3);
    loop.run();
    expect(order.slice(0, 6)).toEqual(['many', 'few', 'many', 'few', 'many', 'few']);
    expect(order).toHaveLength(103);
  });

  test('CR-1 what is alone is done where it comes, and a turn that had it can have the next', () => {
    const loop = new Loop();
    let done = 0;
    for (let turn = 0; turn < 10; turn += 1) {
      loop.slices.ends.do(() => {
        loop.nowMs += 1.5;
        done += 1;
      });
      expect(done).toBe(turn + 1);
      loop.run();
    }
  });

  test('SV-2 a piece that throws costs the others nothing', () => {
    const loop = new Loop();
    const done: number[] = [];
    for (let number = 0; number < 3; number += 1) {
      loop.slices.ends.later(() => {
        done.push(number);
        if (number === 1) throw new Error('planted');
      });
    }
    expect(() => loop.run()).toThrow('planted');
    loop.run();
    expect(done).toEqual([0, 1, 2]);
  });

  test('CR-1 each item is taken in order, and what taking one throws rejects', async () => {
    const loop = new Loop();
    const taken: number[] = [];
    const all = loop.slices.each([...Array.from({ length: 20 }).keys()], (item) => {
      taken.push(item);
      loop.nowMs += 0.5;
    });
    expect(taken.length).toBeLessThan(20);
    loop.run();
    await all;
    expect(taken).toEqual([...Array.from({ length: 20 }).keys()]);
    const failing = loop.slices.each([1], () => {
      throw new Error('planted');
    });
    await expect(failing).rejects.toThrow('planted');
  });
});
