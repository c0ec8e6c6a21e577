/**
 * Says that nothing new comes, and why; what is shown below it is the last that was heard.
 *
 * @module
 */

import { pageNow } from './kit/browser.ts';
import { useNow, usePage } from './kit/page.tsx';
import type { Connection } from './model/pageState.ts';
import { agoText, clockText } from './words/time.ts';

export function ConnectionNote() {
  const connection = usePage((page) => page.connection);
  const hasSome = usePage((page) => page.hello !== null);
  useNow();
  if (connection.state === 'live') return null;
  if (connection.state === 'connecting') return null;
  return (
    <div class={`note ${connection.state === 'refused' ? 'bad' : 'warn'}`} role="alert">
      <strong>{said(connection)}</strong>
      {hasSome ? ` What follows is as of ${clockText(connection.sinceAtMs)}.` : ''}
      {connection.nextTryAtMs === null ? '' : ` ${nextTry(connection.nextTryAtMs)}`}
    </div>
  );
}

function said({ state, reason }: Connection): string {
  if (state === 'away') return `Nothing new comes: ${reason ?? 'nobody runs this store now'}.`;
  return reason ?? 'What serves this page does not answer.';
}

function nextTry(atMs: number): string {
  const left = atMs - pageNow();
  return left < 500 ? 'Asking again.' : `Asked again in ${agoText(left)}.`;
}
