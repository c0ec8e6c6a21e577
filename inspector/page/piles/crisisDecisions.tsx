/**
 * Who was notified of a crisis, and what people have decided, in order of time.
 *
 * @module
 */

import type { CrisisSeen } from '../calls/calls.ts';
import { toldSentence } from '../calls/historyWords.ts';
import { usePage } from '../kit/page.tsx';
import { Nothing, Panel } from '../kit/panel.tsx';
import { sinceText } from '../words/time.ts';
import { decisionInWords } from './conflictWords.ts';

export function CrisisDecisions(props: { readonly crisis: CrisisSeen }) {
  const { steps, decisions } = props.crisis;
  const minute = usePage((page) => Math.floor(page.nowMs / 60_000) * 60_000);
  const lines = [
    ...steps.map((step, at) => ({ atMs: step.atMs, says: toldSentence(step, at) })),
    ...decisions.map(({ what, by, atMs }) => ({
      atMs,
      says: `${decisionInWords(what, by.role)}.`,
    })),
  ].toSorted((a, b) => a.atMs - b.atMs);
  return (
    <Panel title="Notices and decisions">
      {lines.length === 0 ? (
        <Nothing>Nobody yet.</Nothing>
      ) : (
        <ol class="history">
          {lines.map(({ atMs, says }, at) => (
            <li key={at}>
              <span class="soft">{sinceText(atMs, minute)}</span>
              <span>{says}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
