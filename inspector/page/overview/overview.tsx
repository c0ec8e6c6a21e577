/**
 * The system at a glance: trouble comes first, with since when.
 *
 * @module
 */

import { useState } from 'preact/hooks';
import { overviewAt } from '../../minutes.ts';
import type { AnswerTimes, News, Overview as OverviewData } from '../../protocol.ts';
import { AsOf, Nothing, Panel, usePage } from '../kit/page.tsx';
import { type Column, Table } from '../kit/table.tsx';
import { Mark } from '../kit/text.tsx';
import { type ListedNews, latestNews } from '../model/newsList.ts';
import { formatRoute } from '../model/route.ts';
import { lateText } from '../model/troubles.ts';
import { clockText, countText, outageLine, spanText } from '../words/news.ts';
import { CrisesPanel, PeoplePanel, QueuePanel } from './peoplePanel.tsx';
import { Strip, UpstreamTiles } from './upstreamTiles.tsx';
import { Verdict } from './verdict.tsx';

const SHOWN = 60;

function NewsPanel() {
  const [isAll, setAll] = useState(false);
  const news = usePage((page) => page.news);
  const shown = latestNews(news, isAll, SHOWN);
  return (
    <Panel
      title="News"
      class="news"
      aside={
        <label>
          <input
            type="checkbox"
            checked={isAll}
            onChange={() => {
              setAll(!isAll);
            }}
          />{' '}
          each operation too
        </label>
      }
    >
      {shown.length === 0 ? (
        <Nothing>None yet.</Nothing>
      ) : (
        <ol tabIndex={0} aria-label="Latest news, newest first">
          {shown.map((listed) => (
            <Line key={listed.told.serial} listed={listed} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

function Line({ listed }: { readonly listed: ListedNews }) {
  const { told, times, outage } = listed;
  const { tone, text } = outageLine(listed) ?? told;
  return (
    <li>
      <time dateTime={new Date(told.atMs).toISOString()}>{clockText(told.atMs)}</time>
      <Mark tone={tone}>
        <Linked text={text} id={told.id ?? upstreamOf(told)} />
        {times === 1 || outage !== null ? null : <span class="soft"> (changed {times} times)</span>}
      </Mark>
    </li>
  );
}

/** The sentence with a link to the actor it is about: where the sentence names it, or before the sentence. */
function Linked({ text, id }: { readonly text: string; readonly id: string | null }) {
  if (id === null) return text;
  const name = id.slice(id.indexOf(':') + 1);
  const at = text.indexOf(name);
  const link = (
    <a href={formatRoute({ view: 'actors', of: id })}>{shortName(at < 0 ? id : name)}</a>
  );
  if (at < 0) {
    return (
      <>
        {link} {text}
      </>
    );
  }
  return (
    <>
      {text.slice(0, at)}
      {link}
      {text.slice(at + name.length)}
    </>
  );
}

function upstreamOf({ details }: News): string | null {
  const upstream = details['upstream'];
  return typeof upstream === 'string' ? upstream : null;
}

/** The beginning of a random id, which is enough to recognize it. */
function shortName(id: string): string {
  return id.length > 24 ? `${id.slice(0, 13)}…` : id;
}

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

function AnswersPanel({ answers }: { readonly answers: readonly AnswerTimes[] }) {
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

export function Overview() {
  const atMs = usePage(({ past }) => past?.moment.atMs ?? null);
  return atMs === null ? <OfNow /> : <OfThen atMs={atMs} />;
}

/** The last overview before the chosen moment. */
function OfThen({ atMs }: { readonly atMs: number }) {
  const then = usePage(({ minutes }) => overviewAt(minutes, atMs));
  const since = usePage(({ minutes }) => minutes[0]?.atMs ?? null);
  if (then === null) {
    return (
      <Nothing>
        How the system was then is not remembered:{' '}
        {since === null ? 'nobody has watched so far' : `it is kept from ${clockText(since)} on`}.
      </Nothing>
    );
  }
  return (
    <AsOf.Provider value={then.atMs}>
      <p class="soft">The system as it was at {clockText(then.atMs)}, of that minute.</p>
      <Shown overview={then} />
    </AsOf.Provider>
  );
}

function OfNow() {
  const overview = usePage((page) => page.overview);
  const isComing = usePage(
    ({ connection: { state } }) => state === 'connecting' || state === 'live',
  );
  if (overview === null) {
    return isComing ? <Nothing>Waiting for the first message of the process …</Nothing> : null;
  }
  return <Shown overview={overview} />;
}

function Shown({ overview }: { readonly overview: OverviewData }) {
  return (
    <div class="overview">
      <Verdict overview={overview} />
      <Strip overview={overview} />
      <UpstreamTiles overview={overview} />
      <div class="columns">
        <div class="wide">
          <QueuePanel overview={overview} />
          <AnswersPanel answers={overview.answers} />
        </div>
        <div class="narrow">
          <PeoplePanel overview={overview} />
          <CrisesPanel overview={overview} />
          <NewsPanel />
        </div>
      </div>
    </div>
  );
}
