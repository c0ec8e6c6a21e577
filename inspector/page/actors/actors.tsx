/**
 * Every live actor, or every one at the chosen moment: components first, then operations, those
 * longest in their state before the others.
 *
 * @module
 */

import { useMemo } from 'preact/hooks';
import type { WatchedActor } from '../../protocol.ts';
import { goTo, usePage } from '../kit/page.tsx';
import { Nothing } from '../kit/panel.tsx';
import { Rows } from '../kit/rows.tsx';
import { Told } from '../kit/told.tsx';
import { useIsNarrow } from '../kit/useMedia.ts';
import { filterOf, idEndOf } from '../model/actorList.ts';
import { countText } from '../words/time.ts';
import { actorCells } from './actorCells.tsx';
import { Filters } from './filters.tsx';
import { InStore } from './inStore.tsx';
import { StateChips } from './stateChips.tsx';
import { useActorList } from './useActorList.ts';

const COLUMNS = ['Actor', 'Chart', 'State', 'Type', 'Upstream', 'Tier', 'Priority', 'Since'];
const ROW_HEIGHT = 32;
const NARROW_ROW_HEIGHT = 54;

export function Actors() {
  const route = usePage((page) => page.route);
  const filter = useMemo(() => filterOf(route.query), [route]);
  const { list, hold } = useActorList(filter);
  const isNarrow = useIsNarrow();
  const { shown, total, counts } = list;
  const idEnd = idEndOf(filter);
  return (
    <section class="panel actors" aria-label="Actors">
      <Filters route={route} counts={counts} />
      <StateChips route={route} counts={counts.state} />
      <p class="tally">{tally(shown.length, total)}</p>
      <Told text={tally(shown.length, total)} when={filter} />
      {idEnd === null ? null : <InStore idEnd={idEnd} />}
      {shown.length === 0 ? (
        <Nothing>{total === 0 ? 'There are none.' : 'None in memory matches.'}</Nothing>
      ) : (
        <Rows
          label="Actors"
          columns={COLUMNS}
          rows={shown}
          keyOf={numberOf}
          rowHeight={isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT}
          cells={actorCells}
          dataOf={dataOf}
          onOpen={open}
          onAttention={hold}
        />
      )}
    </section>
  );
}

function tally(shown: number, total: number): string {
  if (shown === total) return `${countText(total)} actors`;
  return `${countText(shown)} of ${countText(total)} actors`;
}

function numberOf({ actor }: WatchedActor): number {
  return actor;
}

function dataOf({ actor }: WatchedActor) {
  return { 'data-actor': String(actor) };
}

/** Opens an actor by its id, which outlives a process, unlike its number. */
function open({ id }: WatchedActor): void {
  goTo({ view: 'actors', of: id });
}
