import { describe, expect, test, vi } from 'vitest';
import { barsOf, type FigureName, isUnder } from '../../bench/goodput/bars.ts';
import type { Drill } from '../../bench/goodput/drill.ts';
import { DRILLS } from '../../bench/goodput/drills.ts';
import { printUnder } from '../../bench/goodput/report.ts';
import { simulate } from '../../bench/goodput/sim.ts';
import { figuresOf } from '../../bench/goodput/simFigures.ts';

function drillOf(name: string): Drill {
  const drill = DRILLS.find((each) => each.name === name);
  if (drill === undefined) throw new Error(`There is no drill ${name}.`);
  return drill;
}

const valueOf = (name: string, figure: FigureName): number | undefined =>
  barsOf(drillOf(name))[figure]?.value;

describe('PF-6 the bars of the drills', () => {
  test('PF-6 goodput of 90 %, 85 where half fail and under overload; calls at most 15 % too many', () => {
    expect(['a35', 'a50', 'd', 'd1-300'].map((name) => valueOf(name, 'goodput'))).toEqual([
      90, 85, 85, 85,
    ]);
    expect(DRILLS.map(({ name }) => valueOf(name, 'excess'))).toEqual(DRILLS.map(() => 15));
  });

  test('CB-2 CB-6 DG-3 recovery is judged after long outages only, calls in them where thousands wait', () => {
    expect(barsOf(drillOf('c2'))).toEqual({
      goodput: { side: 'least', value: 90 },
      excess: { side: 'most', value: 15 },
      first: { side: 'most', value: expect.closeTo(700) as number },
      full: { side: 'most', value: 2_000 },
      peak: { side: 'most', value: 110 },
    });
    expect(valueOf('b', 'full')).toBeUndefined();
    expect(valueOf('onset', 'outageCalls')).toBe(1);
  });

  test('PF-6 the wrong side of a bar', () => {
    const least = { side: 'least', value: 90 } as const;
    expect([89.9, 90, 91].map((figure) => isUnder(least, figure))).toEqual([true, false, false]);
    const most = { side: 'most', value: 15 } as const;
    expect([14, 15, 15.1].map((figure) => isUnder(most, figure))).toEqual([false, false, true]);
  });

  test.each(['c', 'c2', 'd1', 'd1-300', 'onset', 'coldhang', 'b35', 'i'])(
    'PF-6 what stays under its bar in drill %s has its reason beside it',
    (name) => {
      const drill = drillOf(name);
      const bars = barsOf(drill);
      const isUnderBar = [71, 72, 73].some((seed) => {
        const { goodput95, excess, outageCalls, firstSuccessMs, fullAfterMs, peak } = figuresOf(
          drill,
          seed,
          simulate(drill, seed),
        );
        const [first = 0, full = 0] = [firstSuccessMs[0], fullAfterMs[0]];
        const shares = { goodput: 100 * goodput95, excess: 100 * excess, peak: 100 * peak };
        const figures = { ...shares, outageCalls: 100 * outageCalls, first, full };
        return Object.entries(bars).some(([figure, bar]) =>
          isUnder(bar, figures[figure as FigureName]),
        );
      });
      expect(isUnderBar && drill.under === undefined).toBe(false);
    },
  );

  test('PF-6 what stays under is printed with its reason', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    printUnder([
      { drill: drillOf('onset'), what: 'full after, s ≤ 2.00: 2.20 (2.90)' },
      { drill: drillOf('onset'), what: 'peak, % ≤ 110: 134 (138)' },
      { drill: drillOf('healthy'), what: 'peak, % ≤ 110: 111 (120)' },
    ]);
    const lines = log.mock.calls.map(([line]) => String(line));
    log.mockRestore();
    expect(lines[1]).toMatch(
      /^- onset: full after, s ≤ 2.00: 2.20 \(2.90\); peak, % ≤ 110: 134 \(138\)\. An answer takes/,
    );
    expect(lines[2]).toBe('- healthy: peak, % ≤ 110: 111 (120). No reason is known.');
  });
});
