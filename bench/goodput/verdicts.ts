/**
 * The numbers that flow control has to reach, and whether the figures do: one line each.
 *
 * @module
 */

import {
  EXCESS_MAX,
  FULL_MS_MAX,
  firstMsMax,
  GOODPUT_MIN,
  GOODPUT_MIN_HARD,
  HARD,
  OUTAGE_CALLS_MAX,
  PEAK_MAX,
} from './bars.ts';
import type { Summary } from './summary.ts';

/** What a number is, and what falls short of it; nothing where it is met. */
export interface Verdict {
  readonly what: string;
  /** What was reached, in short; `null` where no drill of the run measures it. */
  readonly reached: string | null;
  readonly misses: readonly string[];
}

const BEHIND_MAX = 5;
const LOST_MAX = 1;
const OUT_OF_URGENCY_MAX = 3;
const CRISIS_MS_MAX = 1_500;
const TAIL_IDLE_MS_MAX = 1_000;
const FIRST_MS_MAX = 16_000;

/**
 * @param own the summaries of the system that is judged.
 * @param others those of the others, in the same drills.
 */
export function verdicts(own: readonly Summary[], others: readonly Summary[]): readonly Verdict[] {
  return [
    each(
      own,
      `goodput to 95 % at least ${GOODPUT_MIN} %, ${GOODPUT_MIN_HARD} % in ${HARD.join(', ')}`,
      ({ to95 }) => to95,
      {
        worst: Math.min,
        misses: ({ drill, to95 }) => to95 < (HARD.includes(drill) ? GOODPUT_MIN_HARD : GOODPUT_MIN),
        unit: '%',
      },
    ),
    aheadOfAll(own, others),
    behindBest(own, others),
    each(
      own,
      'the last 5 % wait for nothing but backoff and lane, at most 1 s',
      (one) => one.tailIdleMs,
      {
        misses: ({ tailIdleMs }) => (tailIdleMs ?? 0) > TAIL_IDLE_MS_MAX,
        unit: 'ms',
      },
    ),
    each(own, `calls beyond the least at most ${EXCESS_MAX} %`, ({ excess }) => excess, {
      misses: ({ excess }) => excess > EXCESS_MAX,
      unit: '%',
    }),
    each(
      own.filter(({ drill }) => drill === 'c'),
      `calls begun in the long outage under ${OUTAGE_CALLS_MAX} %`,
      ({ outageCalls }) => outageCalls,
      { misses: ({ outageCalls }) => (outageCalls ?? 0) >= OUTAGE_CALLS_MAX, unit: '%' },
    ),
    each(
      own,
      'first success after an outage, median, at most 0.5 s or 7 % of the outage',
      ({ firstMs }) => firstMs?.median ?? null,
      {
        misses: ({ firstMs, outageMs }) => (firstMs?.median ?? 0) > firstMsMax(outageMs ?? 0),
        unit: 'ms',
      },
    ),
    each(
      own,
      'first success after an outage, worst, at most twice that and 16 s',
      ({ firstMs }) => firstMs?.worst ?? null,
      {
        misses: ({ firstMs, outageMs, notRecovered }) =>
          notRecovered > 0 ||
          (firstMs?.worst ?? 0) > Math.min(FIRST_MS_MAX, 2 * firstMsMax(outageMs ?? 0)),
        unit: 'ms',
      },
    ),
    each(
      own,
      'full throughput after that, worst, at most 2 s',
      ({ fullMs }) => fullMs?.worst ?? null,
      {
        misses: ({ fullMs }) => (fullMs?.worst ?? 0) > FULL_MS_MAX,
        unit: 'ms',
      },
    ),
    each(own, `peak after an outage at most ${PEAK_MAX} %`, ({ peak }) => peak, {
      misses: ({ peak }) => (peak ?? 0) > PEAK_MAX,
      unit: '%',
    }),
    each(
      own,
      'lost but by its own attempts, none',
      ({ lostUnexplained }) => lostUnexplained.length,
      {
        misses: ({ lostUnexplained }) => lostUnexplained.length > 0,
        unit: '',
      },
    ),
    each(own, 'unfinished, none', ({ unfinished }) => unfinished, {
      misses: ({ unfinished }) => unfinished > 0,
      unit: '',
    }),
    each(own, 'premium p99 ahead of trial p50', ({ premiumP99Ms }) => premiumP99Ms, {
      misses: ({ premiumP99Ms, trialP50Ms }) =>
        premiumP99Ms !== null && trialP50Ms !== null && premiumP99Ms >= trialP50Ms,
      unit: 'ms',
    }),
    each(own, `pairs out of urgency under ${OUT_OF_URGENCY_MAX} %`, (one) => one.outOfUrgency, {
      misses: ({ outOfUrgency }) => (outOfUrgency ?? 0) >= OUT_OF_URGENCY_MAX,
      unit: '%',
    }),
    each(own, 'crises after recovery, worst, at most 1.5 s', ({ crisisMaxMs }) => crisisMaxMs, {
      misses: ({ crisisMaxMs }) => (crisisMaxMs ?? 0) > CRISIS_MS_MAX,
      unit: 'ms',
    }),
  ];
}

interface Rule {
  readonly misses: (one: Summary) => boolean;
  readonly unit: string;
  /** Which of the figures is told; the highest by default. */
  readonly worst?: (...values: number[]) => number;
}

function each(
  own: readonly Summary[],
  what: string,
  figure: (one: Summary) => number | null,
  { misses, unit, worst = Math.max }: Rule,
): Verdict {
  const said = (value: number): string => `${rounded(value)} ${unit}`.trim();
  const values = own.flatMap((one) => figure(one) ?? []);
  return {
    what,
    reached: values.length === 0 ? null : `${said(worst(...values))} at worst`,
    misses: own.filter(misses).map((one) => `${one.drill} ${said(figure(one) ?? 0)}`),
  };
}

function aheadOfAll(own: readonly Summary[], others: readonly Summary[]): Verdict {
  const mean = (some: readonly Summary[]): number =>
    some.reduce((all, { to95 }) => all + to95, 0) / some.length;
  const ownMean = mean(own);
  const names = [...new Set(others.map(({ system }) => system))];
  const means = names.map((name) => {
    const some = others.filter(({ system }) => system === name);
    return { name, mean: mean(some) };
  });
  return {
    what: 'ahead of each of the others over all drills',
    reached: [{ name: 'own', mean: ownMean }, ...means]
      .map((one) => `${one.name} ${rounded(one.mean)} %`)
      .join(', '),
    misses: means
      .filter((one) => one.mean >= ownMean)
      .map((one) => `${one.name} by ${rounded(one.mean - ownMean)}`),
  };
}

function behindBest(own: readonly Summary[], others: readonly Summary[]): Verdict {
  const gaps = own.flatMap(({ drill, to95 }) => {
    const rivals = others.filter((one) => one.drill === drill && one.lost < LOST_MAX && one.has95);
    if (rivals.length === 0) return [];
    const best = rivals.reduce((most, one) => (one.to95 > most.to95 ? one : most));
    return [{ drill, behind: best.to95 - to95, name: best.system }];
  });
  return {
    what: `at most ${BEHIND_MAX} points behind the best that loses under ${LOST_MAX} %`,
    reached: `${rounded(Math.max(0, ...gaps.map(({ behind }) => behind)))} points at worst`,
    misses: gaps
      .filter(({ behind }) => behind > BEHIND_MAX)
      .map(({ drill, behind, name }) => `${drill} ${rounded(behind)} behind ${name}`),
  };
}

function rounded(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : value.toFixed(1);
}
