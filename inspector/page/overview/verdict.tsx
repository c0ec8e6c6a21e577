/**
 * The verdict in one line, then everything that is wrong, the worst first, with since when.
 *
 * @module
 */

import type { Overview, WatchedActor } from '../../protocol.ts';
import { usePage } from '../kit/page.tsx';
import { Mark, Since, Until } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { type Trouble, troublesOf } from '../model/troubles.ts';
import { overallSaid } from '../words/health.ts';

const NOBODY: ReadonlyMap<number, WatchedActor> = new Map();

export function Verdict(props: { readonly overview: Overview }) {
  const { overview } = props;
  // Rendered with each overview, once a second, not with each change of an actor.
  const troubles = usePage(
    (page) => page,
    (one, other) => one.overview === other.overview && one.past === other.past,
  );
  // Only the actors of the present say since when a level holds.
  const list = troublesOf(overview, troubles.past === null ? troubles.actors : NOBODY);
  const isLive = usePage((page) => page.connection.state === 'live');
  const [tone, text] = overallSaid(overview.overall);
  const headline = list.length === 0 && tone === 'good' ? 'All is well' : text;
  const edge = !isLive ? 'quiet' : list[0]?.tone === 'bad' ? 'bad' : tone;
  return (
    <section class={`verdict ${edge}`} aria-label="How it is">
      <header>
        <h2>
          <Mark tone={isLive ? tone : 'quiet'}>
            {isLive ? headline : `Last known: ${headline.toLowerCase()}`}
          </Mark>
        </h2>
        <span class="soft" title="100 is all well; each reason takes some of it">
          {overview.score} of 100
        </span>
      </header>
      {list.length === 0 ? null : (
        <ul>
          {list.map((trouble, index) => (
            <TroubleLine key={`${index} ${trouble.id}`} trouble={trouble} />
          ))}
        </ul>
      )}
    </section>
  );
}

function TroubleLine({ trouble }: { readonly trouble: Trouble }) {
  const { tone, text, sinceAtMs, nextAtMs, to } = trouble;
  return (
    <li>
      <Mark tone={tone}>{to === null ? text : <a href={formatRoute(to)}>{text}</a>}</Mark>
      {sinceAtMs === null ? null : <Since atMs={sinceAtMs} />}
      {nextAtMs === null ? null : (
        <span class="soft">
          next try <Until atMs={nextAtMs} />
        </span>
      )}
    </li>
  );
}
