/**
 * The filters of a list, which are part of the address, so that they can be kept and sent on.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { type PagesQuery, usePages, useRound } from '../calls/usePages.ts';
import { goTo, Nothing, Panel, searchFor, useCommand, usePage } from '../kit/page.tsx';
import { Rows } from '../kit/table.tsx';
import { CopyButton } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { countText, roughText } from '../words/news.ts';

/** A text filter, applied by Enter or on leaving the field. `options` are hints. */
export function TextFilter(props: {
  readonly name: string;
  readonly label: string;
  readonly options?: readonly string[];
}) {
  const route = usePage((page) => page.route);
  const current = route.query[props.name] ?? '';
  const [typed, setTyped] = useState(current);
  const id = useId();
  const search = (): void => {
    if (typed.trim() !== current) searchFor(route, { [props.name]: typed.trim() });
  };
  return (
    <div class="filter">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        value={typed}
        list={props.options === undefined ? undefined : `${id}-options`}
        spellcheck={false}
        autoComplete="off"
        onInput={(event) => {
          setTyped(event.currentTarget.value);
        }}
        onChange={search}
        onKeyDown={(event) => {
          if (event.key === 'Enter') search();
        }}
      />
      {props.options === undefined ? null : (
        <datalist id={`${id}-options`}>
          {props.options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </div>
  );
}

/** A choice of one of a few; the first is the default. */
export function ChoiceFilter(props: {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly [value: string, label: string])[];
  /** The value, where the address has none. */
  readonly value?: string;
}) {
  const route = usePage((page) => page.route);
  const id = useId();
  return (
    <div class="filter">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        value={route.query[props.name] ?? props.value ?? ''}
        onChange={(event) => {
          searchFor(route, { [props.name]: event.currentTarget.value });
        }}
      >
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The values seen in the rows of a list since it was opened, as options of a filter. */
export function useSeen<T>(
  valueOf: (row: T) => string | null | undefined,
): (rows: readonly T[]) => string[] {
  const seen = useRef(new Set<string>());
  return (rows) => {
    for (const row of rows) {
      const value = valueOf(row);
      if (typeof value === 'string' && seen.current.size < HINTS_MAX) seen.current.add(value);
    }
    return [...seen.current].toSorted();
  };
}

const HINTS_MAX = 200;

const ROW_HEIGHT = 44;

interface PileProps<T extends { readonly id: string }> {
  /** The view, as its address names it. */
  readonly view: string;
  readonly title: string;
  readonly query: PagesQuery<T>;
  /** When this changes the list and the open item are read again. */
  readonly changedBy: unknown;
  readonly columns: readonly string[];
  /** The cells of a row; has to be the same function each time. */
  readonly cells: (row: T) => ComponentChildren;
  /** The text of an empty list. */
  readonly empty: string;
  /** Filters; the rows so far are hints of what there is. */
  readonly filters?: (rows: readonly T[]) => ComponentChildren;
  /** Orders about all items. */
  readonly orders?: (reload: () => void) => ComponentChildren;
  readonly detail: (one: OpenOne) => ComponentChildren;
}

/** The open item. */
export interface OpenOne {
  readonly id: string;
  /** When this changes the item is read again. */
  readonly round: unknown;
  /** Call it after a change from here: list and item are read again. */
  readonly onDone: () => void;
}

export function Pile<T extends { readonly id: string }>(props: PileProps<T>) {
  const { view, title, query, changedBy } = props;
  const route = usePage((page) => page.route);
  const { round, reload } = useRound(changedBy);
  const { rows, isLoading, error, hasMore, more } = usePages(query, round);
  const root = useRef<HTMLDivElement>(null);
  const isOpen = route.of !== null;
  useCommand('back', () => {
    if (isOpen) goTo({ view, query: route.query });
  });
  useEffect(() => {
    // On a phone the list gives way to the open item, and back; a button disappears with its item.
    const { activeElement } = document;
    const isLost = activeElement === document.body || isHidden(activeElement);
    const next = root.current?.querySelector<HTMLElement>(isOpen ? '.back' : '.frame');
    if (isLost) next?.focus({ preventScroll: true });
  }, [route.of, hasMore]);
  const known = `${countText(rows.length)}${hasMore ? ' and more' : ''}`;
  return (
    <div ref={root} class={isOpen ? 'pile open' : 'pile'}>
      <Panel title={title} class="list" aside={rows.length === 0 ? undefined : known}>
        {props.filters === undefined ? null : <div class="filters">{props.filters(rows)}</div>}
        {error === null ? null : (
          <p class="failure" role="alert">
            {error}
          </p>
        )}
        {rows.length === 0 ? (
          <Nothing>{isLoading ? 'Reading …' : error === null ? props.empty : ''}</Nothing>
        ) : (
          <Rows
            label={title}
            columns={props.columns}
            rows={rows}
            keyOf={idOf}
            rowHeight={ROW_HEIGHT}
            cells={props.cells}
            on={route.of}
            onOpen={({ id }) => {
              goTo({ view, of: id, query: route.query });
            }}
          />
        )}
        <div class="below">
          {hasMore ? (
            <button type="button" aria-disabled={isLoading} onClick={more}>
              Look further
            </button>
          ) : null}
          <button type="button" aria-disabled={isLoading} onClick={reload}>
            Read again
          </button>
          {props.orders?.(reload)}
        </div>
      </Panel>
      {route.of === null ? null : (
        <div class="detail">
          <a class="back" href={formatRoute({ view, query: route.query })}>
            ← All {title.toLowerCase()}
          </a>
          {props.detail({ id: route.of, round, onDone: reload })}
        </div>
      )}
    </div>
  );
}

/** A rough age, for lists. */
export function Age(props: { readonly atMs: number }) {
  const text = usePage((page) => roughText(page.nowMs - props.atMs));
  return <time title={new Date(props.atMs).toISOString()}>{text}</time>;
}

function isHidden(element: Element | null): boolean {
  return element instanceof HTMLElement && element.getClientRects().length === 0;
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}

/** An id, shortened to its distinct parts; its title has all of it, and the button copies it. */
export function ShortId(props: { readonly id: string }) {
  const { id } = props;
  return (
    <span class="short-id">
      <code title={id}>{id.length > 18 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id}</code>
      <CopyButton id={id} isInList />
    </span>
  );
}

/** Says that reading again failed, so what is shown may be out of date. */
export function NotReadAgain(props: { readonly error: string | null }) {
  const { error } = props;
  return error === null ? null : (
    <p class="failure" role="alert">
      {error} The data below is from before.
    </p>
  );
}
