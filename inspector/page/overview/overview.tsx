/**
 * The system at a glance: trouble comes first, with since when.
 *
 * @module
 */

import { overviewAt } from '../../minutes.ts';
import type { Overview as OverviewData } from '../../protocol.ts';
import { AsOf, usePage } from '../kit/page.tsx';
import { Nothing } from '../kit/panel.tsx';
import { clockText } from '../words/time.ts';
import { AnswersPanel } from './answersPanel.tsx';
import { NewsPanel } from './newsPanel.tsx';
import { CrisesPanel, PeoplePanel } from './peoplePanel.tsx';
import { QueuePanel } from './queuePanel.tsx';
import { Strip } from './strip.tsx';
import { UpstreamTiles } from './upstreamTiles.tsx';
import { Verdict } from './verdict.tsx';

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
