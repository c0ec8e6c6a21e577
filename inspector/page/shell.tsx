/**
 * The frame around every view: navigation, the state of the connection, and the keyboard.
 *
 * @module
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { each, pageNow } from './kit/browser.ts';
import { Dialog, Nothing, usePage, useParts } from './kit/page.tsx';
import { Ago, Key, Mark, Spoken } from './kit/text.tsx';
import type { Connection, ConnectionState, Theme } from './model/pageState.ts';
import { formatRoute, KEYS } from './model/route.ts';
import { OrderHost } from './orders/orderHost.tsx';
import { BANNERS, VIEWS, type View } from './views.tsx';
import { asSentence, overallSaid } from './words/health.ts';
import { agoText, clockText, countText } from './words/news.ts';
import type { Tone } from './words/tone.ts';

const CONNECTIONS: Readonly<Record<ConnectionState, readonly [Tone, string]>> = {
  connecting: ['busy', 'Connecting'],
  live: ['good', 'Live'],
  silent: ['bad', 'Silent'],
  away: ['warn', 'Away'],
  lost: ['warn', 'Lost'],
  refused: ['bad', 'No session'],
};

const THEMES: Readonly<Record<Theme, string>> = { auto: 'Auto', light: 'Light', dark: 'Dark' };

function TopBar() {
  const hello = usePage((page) => page.hello);
  const overall = usePage((page) => page.overview?.overall ?? null);
  const connection = usePage((page) => page.connection.state);
  const canOperate = usePage((page) => page.canOperate);
  const [tone, text] = CONNECTIONS[connection];
  return (
    <header class="top">
      <a href="#/" class="brand" title={hello?.name}>
        <Logo />
        <span>{shortName(hello?.name ?? 'holdfast')}</span>
      </a>
      {overall === null ? null : <Overall overall={overall} isLive={connection === 'live'} />}
      {hello === null || connection !== 'live' ? null : (
        <span class="more" title={`holdfast ${hello.holdfast}`}>
          up <Ago atMs={hello.startedAtMs} />
        </span>
      )}
      <span class="space" />
      {canOperate === null ? null : (
        <span class="more" title="Started to operate, or to look only">
          {canOperate ? 'may operate' : 'read-only'}
        </span>
      )}
      <span role="status">
        <Mark tone={tone}>{text}</Mark>
      </span>
      <ThemeSwitch />
      <HelpButton />
    </header>
  );
}

/** The end of a folder's path, which names a runtime without a name of its own. */
function shortName(name: string): string {
  return name.split(/[\\/]/).slice(-2).join('/');
}

function Overall(props: { readonly overall: string; readonly isLive: boolean }) {
  const [tone, text] = overallSaid(props.overall);
  if (props.isLive) return <Mark tone={tone}>{text}</Mark>;
  return <Mark tone="quiet">was {text.toLowerCase()}</Mark>;
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M9 7v18M23 7v18M9 16h14" />
    </svg>
  );
}

function ThemeSwitch() {
  const { commands } = useParts();
  const theme = usePage((page) => page.theme);
  return (
    <button
      type="button"
      class="plain"
      title="Light, dark, or the system’s choice (Shift+T)"
      onClick={() => {
        commands.tell('theme');
      }}
    >
      <span aria-hidden="true">◐</span>
      <Spoken>Colours: </Spoken>
      <span class="more">{THEMES[theme]}</span>
    </button>
  );
}

function HelpButton() {
  const { store } = useParts();
  return (
    <button
      type="button"
      class="plain"
      aria-label="Keys"
      title="Keys (?)"
      onClick={() => {
        store.trigger.helpToggled();
      }}
    >
      ?
    </button>
  );
}

const NOWHERE: Pick<View, 'title' | 'component'> = {
  title: 'Nothing here',
  component: () => (
    <p>
      There is no such view. <a href="#/">To the overview</a>
    </p>
  ),
};

export function Shell() {
  const route = usePage((page) => page.route);
  const isHelpOpen = usePage((page) => page.isHelpOpen);
  const isLive = usePage((page) => page.connection.state === 'live');
  const isHeard = usePage((page) => page.hello !== null);
  const isComing = usePage(({ connection }) => isLive || connection.state === 'connecting');
  const { store } = useParts();
  const main = useRef<HTMLElement>(null);
  const view = VIEWS.find(({ name }) => name === route.view) ?? NOWHERE;
  const Content = (route.of === null ? undefined : (view as View).ofOne) ?? view.component;
  // A list that shows its open item beside itself stays mounted.
  const place = Content === view.component ? route.view : `${route.view}/${route.of ?? ''}`;
  useTitle(view.title);
  useEffect(() => {
    main.current?.focus({ preventScroll: true });
    // The worst comes first in every view.
    scrollTo(0, 0);
  }, [place]);
  return (
    <OrderHost>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <TopBar />
      <div class="house">
        <Navigation />
        <main
          ref={main}
          id="main"
          class={isLive ? '' : 'stale'}
          tabIndex={-1}
          aria-label={view.title}
        >
          <h1 class="spoken">{view.title}</h1>
          <ConnectionNote />
          {BANNERS.map((Banner, index) => (
            <Banner key={index} />
          ))}
          {isHeard ? <Content key={place} /> : null}
          {!isHeard && isComing ? (
            <Nothing>Waiting for the first message of the process …</Nothing>
          ) : null}
        </main>
      </div>
      {isHelpOpen ? (
        <Help
          onClose={() => {
            if (store.getSnapshot().context.isHelpOpen) store.trigger.helpToggled();
          }}
        />
      ) : null}
    </OrderHost>
  );
}

function Navigation() {
  const current = usePage((page) => page.route.view);
  const overview = usePage((page) => page.overview);
  return (
    <nav aria-label="Views">
      <ul>
        {VIEWS.map(({ name, title, countOf }) => {
          const count = overview === null ? 0 : (countOf?.(overview) ?? 0);
          return (
            <li key={name}>
              <a
                href={formatRoute({ view: name })}
                aria-current={name === current ? 'page' : undefined}
              >
                {title}
                {count > 0 ? <span class="count">{countText(count)}</span> : null}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** Puts the view, the process and its verdict into the title, which a tab shows. */
function useTitle(view: string): void {
  const name = usePage((page) => page.hello?.name ?? 'holdfast');
  const overall = usePage(({ connection, overview }) =>
    connection.state === 'live' ? (overview?.overall ?? '') : '',
  );
  const sign = { healthy: '●', degraded: '▲', critical: '■' }[overall] ?? '○';
  useEffect(() => {
    document.title = `${sign} ${view} · ${name}`;
  }, [sign, view, name]);
}

function Help(props: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={props.onClose}>
      <dl class="keys">
        {KEYS.map(({ keys, says }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <Key key={key}>{key}</Key>
              ))}
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function ConnectionNote() {
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
