/**
 * Prints the figures of the drills as tables.
 *
 * @module
 */

import { printTable } from '../support.ts';
import type { Drill } from './drill.ts';
import type { Spread, Summary } from './summary.ts';
import type { Verdict } from './verdicts.ts';

export function printDrill({ name, what, parameters }: Drill): void {
  const said = Object.entries(parameters).map(([key, value]) => `${key} ${value}`);
  console.log(`\n${name}: ${what} (${said.join(', ')})`);
}

/** A drill's figures, a system a line. */
export function printSummaries(summaries: readonly Summary[]): void {
  const columns = summaries.map(rowOf);
  // A column that nobody has a figure for is left out.
  const kept = Object.keys(columns[0] ?? {}).filter((name) =>
    columns.some((row) => row[name] !== ''),
  );
  printTable(
    summaries[0]?.drill ?? '',
    columns.map((row) => Object.fromEntries(kept.map((name) => [name, row[name] ?? '']))),
  );
}

function rowOf(one: Summary): Record<string, string> {
  return {
    system: one.system,
    'to 95 %, % (worst)': `${one.has95 ? '' : '('}${digits(one.to95)} (${digits(one.to95Worst)})${one.has95 ? '' : ')'}`,
    'to the end, %': digits(one.toEnd),
    'lost, %': one.lost === 0 ? '0' : one.lost.toFixed(1),
    'not by own attempts': String(one.lostUnexplained.length),
    unfinished: String(one.unfinished),
    'calls too many, %': one.excess.toFixed(1),
    'outage calls, %': one.outageCalls === null ? '' : one.outageCalls.toFixed(2),
    'first success, s': spread(one.firstMs),
    'full after, s': spread(one.fullMs),
    'peak, %': one.peak === null ? '' : digits(one.peak),
    'premium p99 / trial p50, s':
      one.premiumP99Ms === null || one.trialP50Ms === null
        ? ''
        : `${seconds(one.premiumP99Ms)} / ${seconds(one.trialP50Ms)}`,
    'out of urgency, %': one.outOfUrgency === null ? '' : one.outOfUrgency.toFixed(1),
    'crisis p50 / worst, s':
      one.crisisP50Ms === null || one.crisisMaxMs === null
        ? ''
        : `${seconds(one.crisisP50Ms)} / ${seconds(one.crisisMaxMs)}`,
  };
}

/** One line a drill, the goodput of all systems side by side. */
export function printGoodput(summaries: readonly Summary[]): void {
  const drills = [...new Set(summaries.map(({ drill }) => drill))];
  printTable(
    'Goodput to 95 % / to the end, in % of what the server could do; † lost; in brackets where 95 % was never reached',
    drills.map((drill) => {
      const own = summaries.filter((one) => one.drill === drill);
      return { drill, ...Object.fromEntries(own.map((one) => [one.system, cellOf(one)])) };
    }),
  );
}

function cellOf({ has95, to95, toEnd, lost, unfinished }: Summary): string {
  const both = `${digits(to95)} / ${digits(toEnd)}`;
  const shown = has95 ? both : `(${both})`;
  return [
    shown,
    lost === 0 ? '' : `†${lost.toFixed(1)}`,
    unfinished === 0 ? '' : `${unfinished} unfinished`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

export function printVerdicts(system: string, all: readonly Verdict[]): void {
  printTable(
    `The numbers, for ${system}`,
    all.map(({ what, reached, misses }) => ({
      number: what,
      reached: reached ?? 'not measured',
      verdict: verdictOf(reached, misses),
    })),
  );
}

function verdictOf(reached: string | null, misses: readonly string[]): string {
  if (misses.length > 0) return `missed: ${misses.join(', ')}`;
  return reached === null ? '–' : 'met';
}

/** What stays under its bar, by drill, with what is written down of it beside the drill. */
export function printUnder(all: readonly { readonly drill: Drill; readonly what: string }[]): void {
  console.log(`\nUnder its bar: ${all.length === 0 ? 'nothing' : ''}`);
  for (const drill of new Set(all.map((one) => one.drill))) {
    const figures = all.filter((one) => one.drill === drill).map(({ what }) => what);
    console.log(`- ${drill.name}: ${figures.join('; ')}. ${drill.under ?? 'No reason is known.'}`);
  }
}

function digits(value: number): string {
  return String(Math.round(value));
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(2);
}

function spread(both: Spread | null): string {
  return both === null ? '' : `${seconds(both.median)} (${seconds(both.worst)})`;
}
