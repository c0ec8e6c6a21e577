/**
 * All upstreams, those with trouble first; if there are many, each healthy one is a line that opens.
 *
 * @module
 */

import type { Overview, UpstreamOverview } from '../../protocol.ts';
import { Mark } from '../kit/text.tsx';
import { waitsAt } from '../model/queue.ts';
import { countText } from '../words/time.ts';
import { toneRank } from '../words/tone.ts';
import { toneOfUpstream, UpstreamTile } from './upstreamTile.tsx';

/** Up to this many upstreams have a tile each. */
const TILES_MAX = 6;

export function UpstreamTiles({ overview }: { readonly overview: Overview }) {
  const { upstreams } = overview;
  const shown = inOrder(overview);
  const isWell = (upstream: UpstreamOverview): boolean =>
    toneOfUpstream(upstream, overview) === 'good';
  const lines = upstreams.length > TILES_MAX ? shown.filter(isWell) : [];
  return (
    <section aria-label="Upstreams">
      <div class="tiles">
        {shown
          .filter((upstream) => !lines.includes(upstream))
          .map((upstream) => (
            <UpstreamTile key={upstream.name} upstream={upstream} />
          ))}
      </div>
      {lines.length === 0 ? null : (
        <div class="panel upstream-lines">
          {lines.map((upstream) => (
            <Line key={upstream.name} upstream={upstream} overview={overview} />
          ))}
        </div>
      )}
    </section>
  );
}

/** Sorts the worst first, then by name; one that nothing was sent to comes last of its tone. */
function inOrder(overview: Overview): readonly UpstreamOverview[] {
  const rank = (upstream: UpstreamOverview): number => toneRank(toneOfUpstream(upstream, overview));
  return overview.upstreams.toSorted(
    (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name),
  );
}

function Line(props: { readonly upstream: UpstreamOverview; readonly overview: Overview }) {
  const { upstream, overview } = props;
  const { name, inFlight, slots } = upstream;
  const { turn, inLane } = waitsAt(overview.queue, name);
  const waiting = turn + inLane;
  return (
    <details>
      <summary>
        <Mark tone="good">{name}</Mark>{' '}
        <span class="soft">
          {inFlight} in flight / {slots} slots{waiting === 0 ? '' : `, ${countText(waiting)} wait`}
        </span>
      </summary>
      <UpstreamTile upstream={upstream} />
    </details>
  );
}
