/**
 * Work that waits for a person, and how crises went.
 *
 * @module
 */

import type { Overview, QueueRow } from '../../protocol.ts';
import { Nothing, Panel } from '../kit/page.tsx';
import { type Column, Table } from '../kit/table.tsx';
import { Ago, Mark, Until } from '../kit/text.tsx';
import { pilesOf } from '../model/pageState.ts';
import { formatRoute, queueInOrder } from '../model/route.ts';
import { notDeliveredYet } from '../model/troubles.ts';
import { waitText } from '../words/health.ts';
import { countOf, countText, spanText } from '../words/news.ts';

export function PeoplePanel({ overview }: { readonly overview: Overview }) {
  const piles = pilesOf(overview);
  const { held, atWork } = overview.conflicts;
  return (
    <Panel title="Waits for a person">
      {piles.length === 0 ? (
        <Nothing>Nothing waits.</Nothing>
      ) : (
        <ul class="piles">
          {piles.map(({ name, text, to }) => (
            <li key={name}>
              <a href={formatRoute(to)}>{text}</a>
              {name === 'conflicts' && held > 0 ? (
                <span class="soft">{countText(held)} hold up their operation</span>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {atWork > 0 ? <p class="soft">{countOf(atWork, 'conflict')} being merged.</p> : null}
    </Panel>
  );
}

const CRISES: readonly (readonly [string, string])[] = [
  ['escalated', 'not delivered in time, so that people are notified'],
  ['unacknowledged', 'of these, nobody has taken on'],
  ['exhausted', 'of these, nobody is left to be notified'],
  ['unreadable', 'can’t be read, and may not have been delivered'],
  ['refused', 'answered, and neither stored nor delivered'],
  ['unkept', 'delivered, and not kept'],
  ['mended', 'delivered without what broke a rule'],
  ['plansLate', 'answered without the person’s plan'],
];

const SERIOUS: ReadonlySet<string> = new Set([
  ...['unacknowledged', 'exhausted', 'unreadable', 'refused', 'unkept'],
]);

export function CrisesPanel({ overview }: { readonly overview: Overview }) {
  const { crises, answers } = overview;
  const times = answers.find(({ of }) => of === 'crisis');
  const answered = times?.count ?? 0;
  const isLate = times !== undefined && times.maxMs > times.deadlineMs;
  const amiss = CRISES.filter(([name]) => (crises[name] ?? 0) > 0);
  const late = notDeliveredYet(overview.undelivered);
  return (
    <Panel title="Crises" aside={answered === 0 ? 'none yet' : `${countText(answered)} answered`}>
      {amiss.length === 0 && !isLate && late === 0 ? (
        <Nothing>{answered === 0 ? 'None since the start.' : 'All went well.'}</Nothing>
      ) : (
        <ul class="piles">
          {isLate ? (
            <li>
              <Mark tone="bad">
                slowest answer {spanText(times.maxMs)}, and may take {spanText(times.deadlineMs)}
              </Mark>
            </li>
          ) : null}
          {late === 0 ? null : (
            <li>
              <Mark tone="warn">{countText(late)} not delivered yet; tried again and again</Mark>
            </li>
          )}
          {amiss.map(([name, text]) => (
            <li key={name}>
              <Mark tone={SERIOUS.has(name) ? 'bad' : 'warn'}>
                {countText(crises[name] ?? 0)} {text}
              </Mark>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

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
