/**
 * The system at a glance: what is wrong and since when comes first.
 *
 * @module
 */

import { usePage } from '../kit/page.tsx';
import { Nothing } from '../kit/panel.tsx';
import { AnswersPanel } from './answersPanel.tsx';
import { NewsPanel } from './newsPanel.tsx';
import { CrisesPanel, PeoplePanel } from './peoplePanel.tsx';
import { QueuePanel } from './queuePanel.tsx';
import { Strip } from './strip.tsx';
import { UpstreamTiles } from './upstreamTiles.tsx';
import { Verdict } from './verdict.tsx';

export function Overview() {
  const overview = usePage((page) => page.overview);
  const isComing = usePage(
    ({ connection: { state } }) => state === 'connecting' || state === 'live',
  );
  if (overview === null) {
    return isComing ? <Nothing>Waiting for the first word of the process …</Nothing> : null;
  }
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
