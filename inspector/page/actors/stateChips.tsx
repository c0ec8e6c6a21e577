/**
 * The number of actors in each state, as switches that show only those.
 *
 * @module
 */

import { searchFor } from '../kit/page.tsx';
import type { Route } from '../model/route.ts';
import { stateText } from '../words/states.ts';
import { countText } from '../words/time.ts';

const SHOWN = 12;

export function StateChips(props: {
  readonly route: Route;
  readonly counts: readonly (readonly [string, number])[];
}) {
  const { route, counts } = props;
  const on = route.query['state'] ?? '';
  return (
    <ul class="chips" aria-label="Counts by state">
      {counts.slice(0, SHOWN).map(([state, count]) => (
        <li key={state}>
          <button
            type="button"
            class="chip"
            aria-pressed={state === on}
            onClick={() => {
              searchFor(route, { state: state === on ? '' : state });
            }}
          >
            {stateText(state)} <b>{countText(count)}</b>
          </button>
        </li>
      ))}
    </ul>
  );
}
