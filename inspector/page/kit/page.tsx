/**
 * The kit of every component of the page: the store, calls, links to other views, and commands of keys.
 *
 * @module
 */

import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { CallAnswer } from '../../protocol.ts';
import type { PageState } from '../model/pageState.ts';
import type { PageStore } from '../model/pageStore.ts';
import { type Command, formatRoute, type Route } from '../model/route.ts';

type CommandListener = () => void;

/** Listeners to commands: the last one to subscribe gets a command. */
export class Commands {
  readonly #listeners = new Map<Command, CommandListener[]>();

  /** @returns a function that unsubscribes */
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

  /** Runs a command; returns whether anything listened. */
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
 * A part of the page's state; the component renders again when that part changes.
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

/** The time of the watched process, updated each second. */
export function useNow(): number {
  const asOfMs = useContext(AsOf);
  return usePage((page) => asOfMs ?? page.nowMs);
}

/** The moment that the components inside show: ages in them are measured then. */
export const AsOf = createContext<number | null>(null);

/** The chosen moment, or now: ages of states are measured against it. */
export function useMoment(): number {
  return usePage(({ past, nowMs }) => past?.moment.atMs ?? nowMs);
}

/** Listens to a command of the keyboard while the component is mounted. */
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

/** Opens another view. */
export function goTo(route: Partial<Route>): void {
  location.hash = formatRoute(route);
}

/** Changes the query of this view, without a step in the browser's history. */
export function searchFor(route: Route, query: Readonly<Record<string, string>>): void {
  history.replaceState(null, '', formatRoute({ ...route, query: { ...route.query, ...query } }));
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function Panel(props: {
  readonly title: string;
  /** A count or a link beside the heading. */
  readonly aside?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`panel ${props.class ?? ''}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.aside === undefined ? null : <div class="aside">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** Names and values in two aligned columns. */
export function Facts(props: { readonly children: ComponentChildren }) {
  return <dl class="facts">{props.children}</dl>;
}

export function Fact(props: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

/** The text of an empty panel. */
export function Nothing(props: { readonly children: ComponentChildren }) {
  return <p class="nothing">{props.children}</p>;
}

export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const isThere = useRef(true);
  useEffect(() => {
    const element = dialog.current;
    isThere.current = true;
    element?.showModal();
    // The first field gets the focus, not the way out.
    element?.querySelector<HTMLElement>('form :is(input, select, textarea)')?.focus();
    return () => {
      // Its close event comes later, when another dialog may have replaced it.
      isThere.current = false;
      element?.close();
      // The element that it was opened from may be gone.
      if (document.activeElement === document.body) {
        document.getElementById('main')?.focus({ preventScroll: true });
      }
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={() => {
        if (isThere.current) props.onClose();
      }}
    >
      <header>
        <h2 id={id}>{props.title}</h2>
        <button type="button" class="plain" aria-label="Close" onClick={props.onClose}>
          ✕
        </button>
      </header>
      {props.children}
    </dialog>
  );
}
