/**
 * The process in one row: phase, level, storage, event loop, work.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import type { Overview } from '../../protocol.ts';
import { Mark } from '../kit/text.tsx';
import { crisesSaid } from '../model/troubles.ts';
import { causesText, levelSaid, phaseSaid, type Said, storageSaid } from '../words/health.ts';
import { countText, spanText } from '../words/time.ts';

export function Strip({ overview }: { readonly overview: Overview }) {
  const { operations, eventLoop, causes } = overview;
  const count = (name: string): string => countText(operations[name] ?? 0);
  return (
    <dl class="strip">
      <Cell name="Phase" said={phaseSaid(overview.phase)}>
        {overview.isHeld ? 'its store is held' : ''}
      </Cell>
      <Cell name="Level of the process" said={levelSaid(overview.level)}>
        {causesText(causes)}
      </Cell>
      <Cell name="Crises" said={crisesSaid(overview)} />
      <Cell name="Storage" said={storageSaid(overview.storage.state)} />
      <Cell name="Event loop" said={loopSaid(eventLoop.delayMs)}>
        {eventLoop.longestMs > eventLoop.delayMs ? `longest ${spanText(eventLoop.longestMs)}` : ''}
      </Cell>
      <div>
        <dt>Operations</dt>
        <dd>
          {count('inMemory')} in memory
          <small>
            {count('attemptsRunning')} in flight; {count('accepted')} accepted, {count('completed')}{' '}
            delivered
          </small>
        </dd>
      </div>
    </dl>
  );
}

function Cell(props: {
  readonly name: string;
  readonly said: Said;
  readonly children?: ComponentChildren;
}) {
  const [tone, text] = props.said;
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>
        <Mark tone={tone}>{text}</Mark>
        <small>{props.children}</small>
      </dd>
    </div>
  );
}

const LATE_MS = 50;
const BLOCKED_MS = 200;

function loopSaid(delayMs: number): Said {
  const tone = delayMs >= BLOCKED_MS ? 'bad' : delayMs >= LATE_MS ? 'warn' : 'good';
  return [tone, `${spanText(delayMs)} late`];
}
