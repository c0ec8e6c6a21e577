/**
 * The bar at the top: the process, its verdict, and the state of the connection.
 *
 * @module
 */

import { usePage, useParts } from './kit/page.tsx';
import { Ago, Mark, Spoken } from './kit/text.tsx';
import type { ConnectionState, Theme } from './model/pageState.ts';
import { overallSaid } from './words/health.ts';
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

export function TopBar() {
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
