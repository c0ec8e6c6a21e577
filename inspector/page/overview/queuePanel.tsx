/**
 * Waiting work by upstream and urgency, in memory and on disk: how much, for how long, why, and until when.
 *
 * @module
 */

import type { Overview, QueueRow } from '../../protocol.ts';
import { Panel } from '../kit/panel.tsx';
import { type Column, Table } from '../kit/table.tsx';
import { Ago, Until } from '../kit/text.tsx';
import { queueInOrder } from '../model/queue.ts';
import { formatRoute } from '../model/route.ts';
import { countOf, countText } from '../words/time.ts';
import { waitText } from '../words/upstream.ts';

const COLUMNS: readonly Column<QueueRow>[] = [
  {
    name: 'For',
    cell: ({ upstream, tier, priority }) => (
      <>
        {upstream === null ? (
          'no upstream'
        ) : (
          <a href={formatRoute({ view: 'actors', query: { upstream } })}>{upstream}</a>
        )}{' '}
        <span class="soft">{tier === null ? priority : `${tier}, ${priority}`}</span>
      </>
    ),
  },
  {
    name: 'Waiting',
    isNumber: true,
    cell: ({ turn, inLane }) => countText(turn + inLane),
  },
  {
    name: 'Oldest',
    isNumber: true,
    cell: ({ oldestAtMs }) => (oldestAtMs === null ? '–' : <Ago atMs={oldestAtMs} />),
  },
  { name: 'Why', cell: (row) => <Why row={row} /> },
];

/** The reason, with a link to the operations that wait for it, and its end if that is known. */
function Why({ row }: { readonly row: QueueRow }) {
  const { because, untilAtMs, turn, inLane } = row;
  if (because === null) return <>goes on now</>;
  return (
    <>
      <a href={formatRoute({ view: 'waiting', query: { for: because } })}>{waitText(because)}</a>
      {untilAtMs === null ? null : (
        <span class="soft">
          {' '}
          (next try <Until atMs={untilAtMs} />)
        </span>
      )}
      {turn === 0 || inLane === 0 ? null : (
        <span class="soft">, {countText(inLane)} behind others of their entity</span>
      )}
    </>
  );
}

export function QueuePanel({ overview }: { readonly overview: Overview }) {
  const rows = queueInOrder(overview.queue);
  const { turn = 0, inLane = 0 } = overview.waiting;
  const isNothing = rows.length === 0 && turn + inLane === 0;
  return (
    <Panel
      title="Queue"
      aside={`${countText(turn)} wait for their turn${inLane === 0 ? '' : `, ${countOf(inLane, 'operation')} behind others of their entity`}`}
    >
      {isNothing ? (
        <p class="nothing">Nothing waits for its turn, in memory or on disk.</p>
      ) : (
        <Table
          caption="Work that waits for its turn, in memory and on disk"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ upstream, tier, priority }) => `${upstream} ${tier} ${priority}`}
        />
      )}
    </Panel>
  );
}
