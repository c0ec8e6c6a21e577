/**
 * The figures of several seeds of one system in one drill, put together.
 *
 * @module
 */

import { median } from '../support.ts';
import type { Figures } from './measure.ts';

export interface Summary {
  readonly drill: string;
  readonly system: string;
  readonly seeds: number;
  /** Median over the seeds, and the worst of them. */
  readonly to95: number;
  readonly to95Worst: number;
  readonly has95: boolean;
  readonly toEnd: number;
  readonly tailIdleMs: number | null;
  /** In percent of all requests of all seeds. */
  readonly lost: number;
  readonly lostUnexplained: readonly string[];
  readonly unfinished: number;
  readonly excess: number;
  readonly outageCalls: number | null;
  readonly outageMs: number | null;
  readonly firstMs: Spread | null;
  readonly fullMs: Spread | null;
  /** Outages after which no success, or no full half second, came before the next. */
  readonly notRecovered: number;
  readonly peak: number | null;
  readonly premiumP99Ms: number | null;
  readonly trialP50Ms: number | null;
  readonly outOfUrgency: number | null;
  readonly crisisP50Ms: number | null;
  readonly crisisMaxMs: number | null;
}

export interface Spread {
  readonly median: number;
  readonly worst: number;
}

export function summarized(
  drill: string,
  system: string,
  requests: number,
  figures: readonly Figures[],
): Summary {
  const of = (pick: (one: Figures) => number): readonly number[] => figures.map(pick);
  const known = (pick: (one: Figures) => number | null | undefined): readonly number[] =>
    figures.flatMap((one) => pick(one) ?? []);
  const recoveries = figures.flatMap((one) => one.recoveries);
  const orders = figures.flatMap(({ order }) => order ?? []);
  const crises = orders.flatMap(({ crisisMaxMs }) => crisisMaxMs ?? []);
  return {
    drill,
    system,
    seeds: figures.length,
    to95: median(of((one) => one.goodputTo95)),
    to95Worst: Math.min(...of((one) => one.goodputTo95)),
    has95: figures.every(({ has95 }) => has95),
    toEnd: median(of((one) => one.goodputToEnd)),
    tailIdleMs: mostOf(known((one) => one.tailIdleMs)),
    lost: (100 * sum(of((one) => one.lost))) / (requests * figures.length),
    lostUnexplained: figures.flatMap((one) => one.lostUnexplained),
    unfinished: sum(of((one) => one.unfinished)),
    excess: median(of((one) => one.excess)),
    outageCalls: middleOf(known((one) => one.outageCalls)),
    outageMs: mostOf(recoveries.map(({ outageMs }) => outageMs)),
    firstMs: spreadOf(recoveries.flatMap(({ firstMs }) => firstMs ?? [])),
    fullMs: spreadOf(recoveries.flatMap(({ fullMs }) => fullMs ?? [])),
    notRecovered: recoveries.filter(({ firstMs, fullMs }) => firstMs === null || fullMs === null)
      .length,
    peak: mostOf(known((one) => one.peak)),
    premiumP99Ms: mostOf(orders.map(({ premiumP99Ms }) => premiumP99Ms)),
    trialP50Ms: middleOf(orders.map(({ trialP50Ms }) => trialP50Ms)),
    outOfUrgency: middleOf(orders.map(({ outOfUrgency }) => outOfUrgency)),
    crisisP50Ms: middleOf(orders.flatMap(({ crisisP50Ms }) => crisisP50Ms ?? [])),
    crisisMaxMs: mostOf(crises),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}

function mostOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function middleOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : median(values);
}

function spreadOf(values: readonly number[]): Spread | null {
  return values.length === 0 ? null : { median: median(values), worst: Math.max(...values) };
}
