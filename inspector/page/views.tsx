/**
 * The views of the page, in the order of its navigation: to add one, add a line.
 *
 * @module
 */

import type { ComponentType } from 'preact';
import type { Overview as OverviewData, VIEW_NAMES } from '../protocol.ts';
import { ActorView } from './actor/actorView.tsx';
import { TimeBar } from './actor/timeBar.tsx';
import { Actors } from './actors/actors.tsx';
import { ChartOfOne, Charts } from './chart/charts.tsx';
import { usePage } from './kit/page.tsx';
import { crisesUntaken, pilesOf } from './model/pageState.ts';
import { Overview } from './overview/overview.tsx';
import { Conflicts } from './piles/conflicts.tsx';
import { Crises } from './piles/crises.tsx';
import { DeadLetters } from './piles/deadLetters.tsx';
import { HeldNote } from './piles/keptOperation.tsx';
import { Quarantine } from './piles/quarantine.tsx';
import { Waiting } from './piles/waiting.tsx';
import { clockText } from './words/news.ts';

export interface View {
  /** The name in the address: `#/actors`. */
  readonly name: (typeof VIEW_NAMES)[number];
  readonly title: string;
  readonly component: ComponentType;
  /** The component for `#/actors/<of>`; without one, the view shows the item beside its list. */
  readonly ofOne?: ComponentType;
  /** The count beside its name; 0 is not shown. */
  readonly countOf?: (overview: OverviewData) => number;
}

export const VIEWS: readonly View[] = [
  { name: '', title: 'Overview', component: Overview },
  { name: 'actors', title: 'Actors', component: Actors, ofOne: ActorView },
  {
    name: 'crises',
    title: 'Crises',
    component: Crises,
    countOf: crisesUntaken,
  },
  {
    name: 'waiting',
    title: 'Waiting',
    component: Waiting,
    countOf: (overview) =>
      pilesOf(overview)
        .filter(({ to }) => to.view === 'waiting')
        .reduce((sum, { count }) => sum + count, 0),
  },
  {
    name: 'conflicts',
    title: 'Conflicts',
    component: Conflicts,
    countOf: ({ conflicts }) => conflicts.count,
  },
  {
    name: 'dead-letters',
    title: 'Dead letters',
    component: DeadLetters,
    countOf: ({ waiting }) => waiting['deadLettered'] ?? 0,
  },
  {
    name: 'quarantine',
    title: 'Quarantine',
    component: Quarantine,
    countOf: ({ waiting }) => waiting['quarantined'] ?? 0,
  },
  { name: 'charts', title: 'Charts', component: Charts, ofOne: ChartOfOne },
];

/** Banners at the top of every view, each only while it has something to say. */
export const BANNERS: readonly ComponentType[] = [HeldNote, TimeBar, Story];

function Story() {
  const notes = usePage((page) => page.notes);
  const last = notes.at(-1);
  if (last === undefined) return null;
  const before = notes.slice(0, -1).toReversed();
  return (
    <section class={`note story ${last.tone}`} aria-label="What happens">
      <p role="status">
        <time>{clockText(last.atMs)}</time> {last.text}
      </p>
      {before.length === 0 ? null : (
        <details>
          <summary>Earlier</summary>
          <ul>
            {before.map(({ serial, atMs, text }) => (
              <li key={serial}>
                <time>{clockText(atMs)}</time> {text}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
