/**
 * What every component of the page has: the store, calls, the way to other views, and commands of keys.
 *
 * @module
 */

import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CallAnswer } from '../../protocol.ts';
import type { Command } from '../model/keymap.ts';
import type { PageState } from '../model/pageState.ts';
import type { PageStore } from '../model/pageStore.ts';
import { formatRoute, type Route } from '../model/route.ts';

type CommandListener = () => void;

/** Who hears of commands: of each, whoever asked last. */
export class Commands {
  readonly #listeners = new Map<Command, CommandListener[]>();

  /** @returns what ends it */
  listen(command: Command, listener: CommandListener): () => void {
    const listeners = this.#listeners.get(command) ?? [];
    listeners.push(listener);
    this.#listeners.set(command, listeners);
    return () => {
      this.#listeners.set(
        command,
        (this.#listeners.get(command) ?? []).filter((other) => other !== listener),
      );
    };
  }

  /** Whether somebody has heard it. */
  tell(command: Command): boolean {
    const listener = this.#listeners.get(command)?.at(-1);
    listener?.();
    return listener !== undefined;
  }
}

export interface PageParts {
  readonly store: PageStore;
  readonly call: (name: string, params: Readonly<Record<string, unknown>>) => Promise<CallAnswer>;
  readonly commands: Commands;
}

const Parts = createContext<PageParts | null>(null);

export function PageProvider(props: {
  readonly parts: PageParts;
  readonly children: ComponentChildren;
}) {
  return <Parts.Provider value={props.parts}>{props.children}</Parts.Provider>;
}

/** The store, to send events; to read it, use `usePage`. */
export function useParts(): PageParts {
  const parts = useContext(Parts);
  if (parts === null) throw new Error('there is no page around this component');
  return parts;
}

/**
 * A part of the page's state; the component is drawn again when that is another one.
 *
 * @param select may be another function each time; what it returns is compared by identity, or by `isSame`
 */
export function usePage<T>(
  select: (page: PageState) => T,
  isSame: (one: T, other: T) => boolean = Object.is,
): T {
  const { store } = useParts();
  const selected = select(store.getSnapshot().context);
  const last = useRef({ select, isSame, selected });
  if (isSame(last.current.selected, selected)) last.current = { ...last.current, select, isSame };
  else last.current = { select, isSame, selected };
  const [, drawAgain] = useState(0);
  useLayoutEffect(() => {
    const look = (): void => {
      const now = last.current.select(store.getSnapshot().context);
      if (!last.current.isSame(last.current.selected, now)) drawAgain((times) => times + 1);
    };
    const subscription = store.subscribe(look);
    look();
    return () => {
      subscription.unsubscribe();
    };
  }, [store]);
  return last.current.selected;
}

/** The time of the watched process, once a second. */
export function useNow(): number {
  const asOfMs = useContext(AsOf);
  return usePage((page) => asOfMs ?? page.nowMs);
}

/** Around what is shown as it was at a moment: ages in it are of that moment. */
export const AsOf = createContext<number | null>(null);

/** The moment that is looked at, or now: by it one reads for how long something has stood where it stands. */
export function useMoment(): number {
  return usePage(({ past, nowMs }) => past?.moment.atMs ?? nowMs);
}

/** Does something when the key of a command is pressed, while this component is there. */
export function useCommand(command: Command, listener: CommandListener): void {
  const { commands } = useParts();
  const current = useRef(listener);
  current.current = listener;
  useEffect(
    () =>
      commands.listen(command, () => {
        current.current();
      }),
    [commands, command],
  );
}

/** Leads to another view. */
export function goTo(route: Partial<Route>): void {
  location.hash = formatRoute(route);
}

/** Changes what is searched for in this view, without a step in the browser's history. */
export function searchFor(route: Route, query: Readonly<Record<string, string>>): void {
  history.replaceState(null, '', formatRoute({ ...route, query: { ...route.query, ...query } }));
  dispatchEvent(new HashChangeEvent('hashchange'));
}
