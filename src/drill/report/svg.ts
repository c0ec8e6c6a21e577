/**
 * The chart of a drill: how long answers took, a row for each scenario, on a logarithmic scale. Plain SVG
 * that needs nothing else and reads in light and dark.
 *
 * @module
 */

import { BINS_FROM_MS, BINS_PER_DECADE } from '../measure/figures.ts';
import {
  ANSWER_AIM_MS,
  ANSWER_MS_MAX,
  type DrillReport,
  type ScenarioReport,
} from './drillReport.ts';

const LABEL_WIDTH = 320;
const DECADE_WIDTH = 105;
const DECADES = 6;
const RIGHT = 96;
const TOP = 76;
const ROW = 26;
const BAR = 16;
const FOOT = 34;
const WIDTH = LABEL_WIDTH + DECADES * DECADE_WIDTH + RIGHT;
const LINES = [
  { atMs: ANSWER_AIM_MS, text: `aim ${ANSWER_AIM_MS} ms`, color: '#2b7a3d' },
  { atMs: ANSWER_MS_MAX, text: `promise ${ANSWER_MS_MAX} ms`, color: '#b3261e' },
];

export function reportSvg(report: DrillReport): string {
  const rows = report.scenarios.filter(({ verdict }) => verdict !== 'SKIPPED');
  const bottom = TOP + rows.length * ROW;
  const total = `${report.crises} crises, ${report.form} form, ${new Date(report.machine.startedAtMs).toISOString().slice(0, 10)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + FOOT}" width="${WIDTH}" height="${bottom + FOOT}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>How long people in crisis waited for their answer, under each fault</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(
      12,
      24,
      'How long people in crisis waited for their answer',
      'font-size="16" font-weight="600"',
    ),
    text(
      12,
      44,
      `${total}. Strip: all answers, darker where more lie. Marks: half (p50), 9,999 of 10,000, and the slowest (ring).`,
      'fill="#555"',
    ),
    ...Array.from({ length: DECADES + 1 }, (_, decade) => gridLine(decade, bottom)),
    ...LINES.map(({ atMs, text: label, color }) =>
      [
        `<line x1="${x(atMs)}" y1="${TOP - 6}" x2="${x(atMs)}" y2="${bottom}" stroke="${color}" stroke-width="1.5" stroke-dasharray="4 3"/>`,
        text(x(atMs), TOP - 10, label, `fill="${color}" text-anchor="middle"`),
      ].join('\n'),
    ),
    ...rows.map((row, index) => rowOf(row, TOP + index * ROW)),
    '</svg>',
    '',
  ].join('\n');
}

function gridLine(decade: number, bottom: number): string {
  const atMs = BINS_FROM_MS * 10 ** decade;
  const label = atMs >= 1_000 ? `${atMs / 1_000} s` : `${Number(atMs.toPrecision(1))} ms`;
  return [
    `<line x1="${x(atMs)}" y1="${TOP}" x2="${x(atMs)}" y2="${bottom}" stroke="#ddd"/>`,
    text(x(atMs), bottom + 18, label, 'fill="#555" text-anchor="middle"'),
  ].join('\n');
}

function rowOf({ title, verdict, answers }: ScenarioReport, top: number): string {
  const middle = top + ROW / 2;
  const most = Math.max(...answers.bins, 1);
  const strip = answers.bins.map((count, bin) => {
    if (count === 0) return '';
    // By its logarithm: one answer in thousands is seen.
    const shade = 0.15 + 0.85 * (Math.log1p(count) / Math.log1p(most));
    const left = LABEL_WIDTH + (bin * DECADE_WIDTH) / BINS_PER_DECADE;
    return `<rect x="${left.toFixed(1)}" y="${middle - BAR / 2}" width="${DECADE_WIDTH / BINS_PER_DECADE}" height="${BAR}" fill="#3b6ea5" fill-opacity="${shade.toFixed(2)}"/>`;
  });
  const mark = (atMs: number, color: string): string =>
    `<line x1="${x(atMs)}" y1="${middle - BAR / 2 - 2}" x2="${x(atMs)}" y2="${middle + BAR / 2 + 2}" stroke="${color}" stroke-width="2"/>`;
  return [
    text(
      12,
      middle + 4,
      escaped(title),
      verdict === 'FAIL' ? 'fill="#b3261e" font-weight="600"' : '',
    ),
    ...strip,
    mark(answers.p50Ms, '#111'),
    mark(answers.p9999Ms, '#c25e00'),
    `<circle cx="${x(answers.maxMs)}" cy="${middle}" r="4" fill="none" stroke="#c25e00" stroke-width="1.5"/>`,
    text(
      LABEL_WIDTH + DECADES * DECADE_WIDTH + 10,
      middle + 4,
      `${answers.p9999Ms.toFixed(1)} ms`,
      'fill="#c25e00"',
    ),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Where a time lies on the scale. */
function x(atMs: number): string {
  const decades = Math.log10(Math.max(atMs, BINS_FROM_MS) / BINS_FROM_MS);
  return (LABEL_WIDTH + Math.min(DECADES, decades) * DECADE_WIDTH).toFixed(1);
}

function text(left: number | string, top: number, content: string, more = ''): string {
  return `<text x="${left}" y="${top}" ${more}>${content}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
