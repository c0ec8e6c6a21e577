/**
 * The latest news, newest first, in words.
 *
 * @module
 */

import { useState } from 'preact/hooks';
import type { News } from '../../protocol.ts';
import { usePage } from '../kit/page.tsx';
import { Nothing, Panel } from '../kit/panel.tsx';
import { Mark } from '../kit/text.tsx';
import { type ListedNews, latestNews } from '../model/newsList.ts';
import { formatRoute } from '../model/route.ts';
import { outageLine } from '../words/news.ts';
import { clockText } from '../words/time.ts';

const SHOWN = 60;

export function NewsPanel() {
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
