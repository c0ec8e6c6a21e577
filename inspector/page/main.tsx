/**
 * Starts the page: its store, its line to the server, its keyboard.
 *
 * @module
 */

import { render } from 'preact';
import type { FeedMessage } from '../protocol.ts';
import { after, draw, each, keptIn, pageNow, perFrame, sharedAmongTabs } from './kit/browser.ts';
import { Commands, PageProvider } from './kit/page.tsx';
import { FeedClient } from './model/feedClient.ts';
import type { Theme } from './model/pageState.ts';
import { createPageStore } from './model/pageStore.ts';
import { commandOf, formatRoute, parseRoute } from './model/route.ts';
import { Shell } from './shell.tsx';

const SESSION = 'holdfast.session';
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

/** Takes the token of the page's link out of the address at once; the place in the link stays. */
function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get('token');
  if (token === null) return null;
  history.replaceState(null, '', formatRoute(parseRoute(given.get('at') ?? '')));
  return token;
}

const firstToken = takeToken();
const store = createPageStore(pageNow());
const commands = new Commands();
const take = perFrame<readonly FeedMessage[]>((batches) => {
  store.trigger.fed({ messages: batches.flat(), pageNowMs: pageNow() });
});

const keptSession = keptIn(() => sessionStorage, SESSION);
const askTabs = sharedAmongTabs(SESSION, keptSession.read);

function newClient(): FeedClient {
  return new FeedClient(
    {
      fetch: (path, init) => fetch(path, init),
      clock: { now: pageNow, after },
      random: draw,
      kept: keptSession,
    },
    {
      onConnection: (connection) => {
        store.trigger.connectionChanged({ connection });
      },
      onSession: ({ canOperate }) => {
        store.trigger.sessionBegan({ canOperate });
      },
      onMessages: take,
    },
  );
}
let client = newClient();

function readAddress(): void {
  store.trigger.routed({ route: parseRoute(location.hash) });
}
readAddress();
addEventListener('hashchange', () => {
  // A new link that is opened in the tab of an old one loads no page: only the address changes.
  const token = takeToken();
  if (token !== null) {
    client.stop();
    store.trigger.linkFollowed({ pageNowMs: pageNow() });
    client = newClient();
    void client.run(token);
  }
  readAddress();
});

const keptTheme = keptIn(() => localStorage, 'holdfast.theme');
function paint(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}
function choose(theme: Theme): void {
  store.trigger.themeChosen({ theme });
  paint(theme);
  keptTheme.write(theme === 'auto' ? null : theme);
}
choose(THEMES.find((theme) => theme === keptTheme.read()) ?? 'auto');

commands.listen('theme', () => {
  const now = THEMES.indexOf(store.getSnapshot().context.theme);
  choose(THEMES[(now + 1) % THEMES.length] ?? 'auto');
});
commands.listen('help', () => {
  store.trigger.helpToggled();
});

const FIELDS = 'input, select, textarea';
const TYPED_INTO = 'input:not([type="range"], [type="checkbox"]), select, textarea';
let before = '';
addEventListener('keydown', (event) => {
  const target = event.target instanceof HTMLElement ? event.target : null;
  // Fields keep the keys that they use themselves: a switch or a slider its arrows, and no letters.
  const isTyping = target?.matches(event.key.length === 1 ? TYPED_INTO : FIELDS) ?? false;
  if (event.key === 'Enter' && target?.matches('a, button, summary') === true) return;
  if (document.querySelector('dialog[open]') !== null) return;
  const isWithModifier = event.ctrlKey || event.altKey || event.metaKey;
  const result = commandOf({ key: event.key, isWithModifier, isTyping }, before);
  before = result.before;
  if (result.command === null) return;
  if (result.command.startsWith('go:')) location.hash = `#/${result.command.slice('go:'.length)}`;
  else if (!commands.tell(result.command)) return;
  event.preventDefault();
});

each(1_000, () => {
  store.trigger.ticked({ pageNowMs: pageNow() });
});

render(
  <PageProvider parts={{ store, commands, call: (name, params) => client.call(name, params) }}>
    <Shell />
  </PageProvider>,
  document.getElementById('page') ?? document.body,
);
void begin();

/** Starts with the token of the link, a kept session, or the session of another tab of this browser. */
async function begin(): Promise<void> {
  if (firstToken === null && keptSession.read() === null) {
    const session = await askTabs();
    if (session !== null) {
      keptSession.write(session);
      client = newClient();
    }
  }
  await client.run(firstToken);
}
