/**
 * The report of a drill as a terminal shows it.
 *
 * @module
 */

import { table } from '../../cli/kit/table.ts';
import type { DrillReport } from './drillReport.ts';
import { verdictText } from './markdown.ts';

export function summaryText(report: DrillReport): string {
  const rows = report.scenarios.map((one) => [
    one.title,
    one.crises,
    one.answers.p50Ms,
    one.answers.p99Ms,
    one.answers.p9999Ms,
    one.answers.maxMs,
    one.late,
    one.starved + one.unscheduled,
    `${Math.round(one.keptShare * 100)} %`,
    one.untaken,
    one.flawed,
    one.missing,
    one.doubled,
    one.told === null ? '' : Math.round(one.told.maxMs / 100) / 10,
    one.delivery.p99Ms,
    one.delivery.maxMs,
    one.verdict,
  ]);
  const head = [
    'Under',
    'crises',
    'p50',
    'p99',
    'p99.99',
    'max ms',
    'late',
    'starved',
    'kept',
    'not taken',
    'lacking',
    'missing',
    'doubled',
    'told in s',
    'delivered p99',
    'max ms',
    '',
  ];
  return `${table(head, rows)}\n\n${verdictText(report)}`;
}
