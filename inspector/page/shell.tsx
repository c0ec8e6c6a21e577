/**
 * The frame around every view: navigation, the state of the connection, and the keyboard.
 *
 * @module
 */

import { useEffect, useRef } from 'preact/hooks';
import { ConnectionNote } from './connectionNote.tsx';
import { Help } from './help.tsx';
import { usePage, useParts } from './kit/page.tsx';
import { Nothing } from './kit/panel.tsx';
import { formatRoute } from './model/route.ts';
import { OrderHost } from './orders/orderHost.tsx';
import { TopBar } from './topBar.tsx';
import { BANNERS, VIEWS, type View } from './views.tsx';
import { countText } from './words/time.ts';

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
