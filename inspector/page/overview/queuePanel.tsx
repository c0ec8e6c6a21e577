/**
 * What waits, by upstream and urgency: how much, for how long, and why.
 *
 * @module
 */

import type { Overview, QueueRow } from '../../protocol.ts';
import { Panel } from '../kit/panel.tsx';
import { type Column, Table } from '../kit/table.tsx';
import { Ago } from '../kit/text.tsx';
import { queueInOrder } from '../model/queue.ts';
import { formatRoute } from '../model/route.ts';
import { countOf, countText } from '../words/time.ts';
import { waitText } from '../words/upstream.ts';

const COLUMNS: readonly Column<QueueRow>[] = [
  {
    name: 'For',
    cell: ({ upstream, tier, priority }) => (
      <>
        <a href={formatRoute({ view: 'actors', query: { upstream, tier, priority } })}>
          {upstream}
        </a>{' '}
        <span class="soft">
          {tier}, {priority}
        </span>
      </>
    ),
  },
  {
    name: 'Waiting',
    isNumber: true,
    cell: ({ waiting, isMore }) => `${countText(waiting)}${isMore ? '+' : ''}`,
  },
  {
    name: 'Oldest',
    isNumber: true,
    cell: ({ oldestAtMs }) => (oldestAtMs === null ? '–' : <Ago atMs={oldestAtMs} />),
  },
  {
    name: 'Why',
    cell: ({ because }) => (because === null ? 'goes on now' : waitText(because)),
  },
];

export function QueuePanel({ overview }: { readonly overview: Overview }) {
  const rows = queueInOrder(overview.queue);
  const waiting = rows.reduce((sum, row) => sum + row.waiting, 0);
  const lanes = overview.waiting['inLane'] ?? 0;
  return (
    <Panel
      title="Queue"
      aside={`${countText(waiting)} wait for their turn${lanes === 0 ? '' : `, ${countOf(lanes, 'operation')} behind others of their entity`}`}
    >
      {rows.length === 0 ? (
        <p class="nothing">Nothing waits for its turn.</p>
      ) : (
        <Table
          caption="What waits for its turn"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ upstream, tier, priority }) => `${upstream} ${tier} ${priority}`}
        />
      )}
    </Panel>
  );
}
