/**
 * A table of few rows. On a narrow screen it scrolls in its own frame, never the page. `rows.tsx` is for
 * thousands of rows.
 *
 * @module
 */

import { Component, type ComponentChildren, type Key } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { scrolledTo, windowOf } from '../model/listWindow.ts';
import { useCommand } from './page.tsx';
import { useHeight } from './useMedia.ts';

export interface Column<T> {
  readonly name: string;
  /** True for numbers, which are aligned to the right. */
  readonly isNumber?: boolean;
  /** True for a column that narrow screens leave out. */
  readonly isExtra?: boolean;
  readonly cell: (row: T) => ComponentChildren;
}

export function Table<T>(props: {
  /** The caption, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => Key;
  readonly toneOf?: (row: T) => string | undefined;
}) {
  return (
    <div class="scroll" role="region" aria-label={props.caption} tabIndex={0}>
      <table>
        <caption class="spoken">{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.name} scope="col" class={classOf(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={props.keyOf(row)} class={props.toneOf?.(row) ?? ''}>
              {props.columns.map((column, index) =>
                index === 0 ? (
                  <th key={column.name} scope="row">
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.name} class={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf({ isNumber, isExtra }: Pick<Column<never>, 'isNumber' | 'isExtra'>): string {
  return `${isNumber === true ? 'number' : ''} ${isExtra === true ? 'extra' : ''}`.trim();
}

// A list of any length: only its visible rows are in the document. It is one stop of the keyboard: j, k,
// Home, End and Enter go through it; the selected row stays selected wherever it moves.

interface RowsProps<T> {
  /** The name of the list. */
  readonly label: string;
  readonly columns: readonly string[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  /** The height of every row, in pixels. */
  readonly rowHeight: number;
  /** The cells of a row, one for each column, each with its role: `<span role="gridcell">`. */
  readonly cells: (row: T) => ComponentChildren;
  readonly onOpen: (row: T) => void;
  /** Called when somebody points at the list or goes through it, so that it can hold still. */
  readonly onAttention?: () => void;
  /** Attributes of a row for tests, as `data-…`. */
  readonly dataOf?: (row: T) => Readonly<Record<`data-${string}`, string>>;
  /** The key of the open row, which is selected until somebody moves on. */
  readonly on?: string | number | null;
}

const FIRST_HEIGHT = 600;

/** The last position in each list, for coming back to it. */
const places = new Map<
  string,
  { readonly on: string | number | null; readonly scrollTop: number }
>();

export function Rows<T>(props: RowsProps<T>) {
  const { rows, keyOf, rowHeight, onOpen } = props;
  const frame = useRef<HTMLDivElement>(null);
  const height = useHeight(frame, FIRST_HEIGHT);
  const run = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(places.get(props.label)?.scrollTop ?? 0);
  const [on, setOn] = useState(props.on ?? places.get(props.label)?.on ?? null);
  useEffect(() => {
    if (props.on !== undefined && props.on !== null) setOn(props.on);
  }, [props.on]);
  const { from, to } = windowOf(scrollTop, height, rowHeight, rows.length);
  const place = on === null ? -1 : rows.findIndex((row) => keyOf(row) === on);
  // The position, even once the selected row is gone or out of sight.
  const here = useRef(place);
  const isSeen = place >= from && place < to;
  if (isSeen) here.current = place;
  const turnTo = (index: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[next];
    if (row === undefined || frame.current === null) return;
    setOn(keyOf(row));
    here.current = next;
    props.onAttention?.();
    // The heading stays in sight, above the rows.
    const seen = height - (run.current?.offsetTop ?? 0);
    frame.current.scrollTop = scrolledTo(next, frame.current.scrollTop, seen, rowHeight);
    frame.current.focus({ preventScroll: true });
    // The list itself may reach below the window.
    frame.current.scrollIntoView({ block: 'nearest' });
  };
  useCommand('down', () => {
    // The row that took the place of a row that is gone is the next one.
    turnTo(isSeen || here.current < 0 ? here.current + 1 : here.current);
  });
  useCommand('up', () => {
    turnTo(here.current - 1);
  });
  useCommand('first', () => {
    turnTo(0);
  });
  useCommand('last', () => {
    turnTo(rows.length - 1);
  });
  useCommand('open', () => {
    const row = rows[place];
    if (row !== undefined) onOpen(row);
  });
  useLayoutEffect(() => {
    if (frame.current !== null) frame.current.scrollTop = scrollTop;
  }, []);
  useEffect(() => {
    places.set(props.label, { on, scrollTop });
  }, [props.label, on, scrollTop]);
  useLayoutEffect(() => {
    // A list that became shorter is shown at its end, not below it.
    if (frame.current !== null) setScrollTop(frame.current.scrollTop);
  }, [rows.length]);

  const drawn = rows.slice(from, to);
  const active = isSeen ? `row-${on}` : undefined;
  return (
    <div class="rows" role="presentation">
      <div
        ref={frame}
        class="frame"
        role="grid"
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
        aria-activedescendant={active}
        tabIndex={0}
        onPointerMove={props.onAttention}
        onScroll={(event) => {
          setScrollTop(event.currentTarget.scrollTop);
        }}
      >
        <div class="row head" role="row" aria-rowindex={1}>
          {props.columns.map((column) => (
            <span key={column} role="columnheader">
              {column}
            </span>
          ))}
        </div>
        <div
          ref={run}
          class="run"
          role="rowgroup"
          style={{ height: `${rows.length * rowHeight}px` }}
        >
          <div
            class="drawn"
            role="presentation"
            style={{ transform: `translateY(${from * rowHeight}px)` }}
          >
            {drawn.map((row, index) => (
              <Row
                key={keyOf(row)}
                id={`row-${keyOf(row)}`}
                row={row}
                index={from + index}
                isOn={keyOf(row) === on}
                cells={props.cells}
                data={props.dataOf?.(row)}
                onOpen={onOpen}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

interface RowProps<T> {
  readonly id: string;
  readonly row: T;
  readonly index: number;
  readonly isOn: boolean;
  readonly cells: (row: T) => ComponentChildren;
  readonly data: Readonly<Record<string, string>> | undefined;
  readonly onOpen: (row: T) => void;
}

/** One row, rendered again only if its content or its selection changes. */
class Row<T> extends Component<RowProps<T>> {
  override shouldComponentUpdate(next: RowProps<T>): boolean {
    const { row, index, isOn, cells } = this.props;
    return next.row !== row || next.index !== index || next.isOn !== isOn || next.cells !== cells;
  }

  override render() {
    const { id, row, index, isOn, cells, data, onOpen } = this.props;
    return (
      <div
        {...data}
        id={id}
        class={isOn ? 'row on' : 'row'}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={isOn}
        onClick={(event) => {
          // A link in it works as any link, in a new tab too.
          if (!(event.target instanceof Element && event.target.closest('a, button'))) onOpen(row);
        }}
      >
        {cells(row)}
      </div>
    );
  }
}
