/**
 * The cells of an actor's row.
 *
 * @module
 */

import type { WatchedActor } from '../../protocol.ts';
import { Stood } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { machineText, statesText } from '../words/states.ts';

export function actorCells({ id, machine, states, sinceAtMs, about }: WatchedActor) {
  return (
    <>
      <span role="gridcell" class="name">
        <a href={formatRoute({ view: 'actors', of: id })} tabIndex={-1} title={id}>
          {id}
        </a>
      </span>
      <span role="gridcell" class="soft">
        {machineText(machine)}
      </span>
      <span role="gridcell" class="states" data-states title={states.join(', ')}>
        {states.length === 0 ? 'not remembered' : statesText(states)}
      </span>
      <span role="gridcell">{about?.type}</span>
      <span role="gridcell">{about?.upstream}</span>
      <span role="gridcell">{about?.tier}</span>
      <span role="gridcell">{about?.priority}</span>
      <span role="gridcell" class="number">
        <Since sinceAtMs={sinceAtMs} acceptedAtMs={about?.acceptedAtMs ?? null} />
      </span>
    </>
  );
}

/** The age of a state; one entered before anybody watched is as old as the operation at most. */
function Since(props: { readonly sinceAtMs: number | null; readonly acceptedAtMs: number | null }) {
  const { sinceAtMs, acceptedAtMs } = props;
  if (sinceAtMs !== null) return <Stood atMs={sinceAtMs} />;
  if (acceptedAtMs === null) return <span title="Since before anybody watched">–</span>;
  return (
    <span class="soft" title="Since before anybody watched, and at most since it was accepted">
      ≤ <Stood atMs={acceptedAtMs} />
    </span>
  );
}
