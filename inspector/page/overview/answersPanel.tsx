/**
 * How long callers of each tier waited, and how long they may.
 *
 * @module
 */

import type { AnswerTimes } from '../../protocol.ts';
import { Panel } from '../kit/panel.tsx';
import { type Column, Table } from '../kit/table.tsx';
import { Mark } from '../kit/text.tsx';
import { lateText } from '../model/troubles.ts';
import { countText, spanText } from '../words/time.ts';

const COLUMNS: readonly Column<AnswerTimes>[] = [
  {
    name: 'Of',
    cell: (row) => (
      <>
        {row.of === 'crisis' ? 'crises' : row.of}
        <small class="narrow-only">
          <Mark tone={toneOf(row)}>{lateText(row)}</Mark>
        </small>
      </>
    ),
  },
  { name: 'Answers', isNumber: true, isExtra: true, cell: ({ count }) => countText(count) },
  { name: 'Half within', isNumber: true, isExtra: true, cell: (row) => spanOf(row, row.p50Ms) },
  { name: '99 % within', isNumber: true, cell: (row) => spanOf(row, row.p99Ms) },
  { name: 'Slowest', isNumber: true, cell: (row) => spanOf(row, row.maxMs) },
  { name: 'Deadline', isNumber: true, cell: ({ deadlineMs }) => spanText(deadlineMs) },
  {
    name: 'Verdict',
    isExtra: true,
    cell: (row) => <Mark tone={toneOf(row)}>{lateText(row)}</Mark>,
  },
];

export function AnswersPanel({ answers }: { readonly answers: readonly AnswerTimes[] }) {
  return (
    <Panel title="Answers against their deadlines">
      <Table caption="Answers" columns={COLUMNS} rows={answers} keyOf={({ of }) => of} />
    </Panel>
  );
}

function spanOf({ count, deadlineMs }: AnswerTimes, ms: number) {
  if (count === 0) return '–';
  return ms > deadlineMs ? <strong class="late">{spanText(ms)}</strong> : spanText(ms);
}

function toneOf({ count, p99Ms, maxMs, deadlineMs, of }: AnswerTimes) {
  if (count === 0) return 'quiet';
  if (p99Ms > deadlineMs) return of === 'crisis' ? 'bad' : 'warn';
  return maxMs > deadlineMs ? 'busy' : 'good';
}
