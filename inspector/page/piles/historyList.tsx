/**
 * The history of an operation, line by line.
 *
 * @module
 */

import type { HistoryLine } from '../calls/calls.ts';
import { historySentence, historySpans } from '../calls/historyWords.ts';
import { usePage } from '../kit/page.tsx';
import { clockText, sinceText, spanText } from '../words/time.ts';

/** The lines, the oldest first. */
export function HistoryList(props: {
  readonly history: readonly HistoryLine[];
  readonly acceptedAtMs: number;
}) {
  const { history, acceptedAtMs } = props;
  const today = usePage((page) => Math.floor(page.nowMs / 60_000));
  const spans = historySpans(history, acceptedAtMs);
  return (
    <ol class="history">
      <li>
        <Time atMs={acceptedAtMs} nowMs={today * 60_000} />
        <span>It was accepted.</span>
      </li>
      {history.map((line, at) => (
        <li key={`${line.atMs} ${at}`}>
          <Time atMs={line.atMs} nowMs={today * 60_000} />
          <span>
            {historySentence(line)}
            {(spans[at]?.waitedMs ?? 0) < 1_000 ? null : (
              <span class="soft"> It had waited {spanText(spans[at]?.waitedMs ?? 0)}.</span>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Time(props: { readonly atMs: number; readonly nowMs: number }) {
  const at = new Date(props.atMs);
  const isToday = at.toDateString() === new Date(props.nowMs).toDateString();
  return (
    <time dateTime={at.toISOString()} title={at.toISOString()}>
      {isToday ? clockText(props.atMs) : sinceText(props.atMs, props.nowMs)}
    </time>
  );
}
