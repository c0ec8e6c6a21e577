/**
 * Says that nothing new comes, and why; the views below show the last known state.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks';
import { each, pageNow } from './kit/browser.ts';
import { usePage } from './kit/page.tsx';
import type { Connection } from './model/pageState.ts';
import { asSentence } from './words/health.ts';
import { agoText, clockText } from './words/time.ts';

export function ConnectionNote() {
  const connection = usePage((page) => page.connection);
  const hasSome = usePage((page) => page.hello !== null);
  // A silent line is given up some time later: the views are older than that.
  const heardAtMs = usePage((page) => page.overview?.atMs ?? null);
  if (connection.state === 'live' || connection.state === 'connecting') return null;
  const { state, sinceAtMs, nextTryAtMs } = connection;
  return (
    <div class={`note ${state === 'refused' || state === 'silent' ? 'bad' : 'warn'}`}>
      <span role="alert">
        <strong>{said(connection)}</strong>
        {hasSome ? ` What follows is as of ${clockText(heardAtMs ?? sinceAtMs)}.` : ''}
      </span>
      {nextTryAtMs === null ? null : <NextTry atMs={nextTryAtMs} />}
    </div>
  );
}

function said({ state, reason }: Connection): string {
  if (state === 'away') return `${asSentence(reason ?? 'no process runs')}.`;
  return reason ?? 'The server of this page does not answer.';
}

/** The countdown, outside the alert, which would be read out each second. */
function NextTry({ atMs }: { readonly atMs: number }) {
  const [nowMs, setNow] = useState(pageNow);
  useEffect(
    () =>
      each(1_000, () => {
        setNow(pageNow());
      }),
    [],
  );
  const left = atMs - nowMs;
  return (
    <span aria-hidden="true">
      {' '}
      {left < 500 ? 'Trying again.' : `Next try in ${agoText(left)}.`}
    </span>
  );
}
