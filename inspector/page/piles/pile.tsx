/**
 * What waits for a person, as a list with the one that is open beside it.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type PagesQuery, usePages } from '../calls/usePages.ts';
import { useRound } from '../calls/useRound.ts';
import { goTo, useCommand, usePage } from '../kit/page.tsx';
import { Nothing, Panel } from '../kit/panel.tsx';
import { Rows } from '../kit/rows.tsx';
import { CopyButton } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { countText, roughText } from '../words/time.ts';

const ROW_HEIGHT = 44;

export interface PileProps<T extends { readonly id: string }> {
  /** As its address has it. */
  readonly view: string;
  readonly title: string;
  readonly query: PagesQuery<T>;
  /** When this changes there may be others: the list, and the one that is open, are read again. */
  readonly changedBy: unknown;
  readonly columns: readonly string[];
  /** The same function each time. */
  readonly cells: (row: T) => ComponentChildren;
  /** What is said where there are none. */
  readonly empty: string;
  /** With the rows that were read, which are hints of what there is. */
  readonly filters?: (rows: readonly T[]) => ComponentChildren;
  /** Orders about all of them. */
  readonly orders?: (reload: () => void) => ComponentChildren;
  readonly detail: (one: OpenOne) => ComponentChildren;
}

/** The one that is open. */
export interface OpenOne {
  readonly id: string;
  /** When this changes it may be another than it was: it is read again. */
  readonly round: unknown;
  /** It was changed from here: the list and it are read again. */
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
    // On a phone the list makes way to the one that is open, and back; a button goes with what it has done.
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

/** How old it is, roughly: it is one of many. */
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

/** An id as it is told from others at a glance; all of it is in its title, and copied by the button. */
export function ShortId(props: { readonly id: string }) {
  const { id } = props;
  return (
    <span class="short-id">
      <code title={id}>{id.length > 18 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id}</code>
      <CopyButton id={id} isInList />
    </span>
  );
}

/** That it could not be read again: what is shown may be over. */
export function NotReadAgain(props: { readonly error: string | null }) {
  const { error } = props;
  return error === null ? null : (
    <p class="failure" role="alert">
      {error} What follows is as it was read before.
    </p>
  );
}
