/**
 * A list of any length: only the rows that are seen are in the document. One stop of the keyboard: j, k,
 * Home, End and Enter go through it; the row that is on stays on, wherever it moves to.
 *
 * @module
 */

import { Component, type ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { scrolledTo, windowOf } from '../model/listWindow.ts';
import { useCommand } from './page.tsx';
import { useHeight } from './useHeight.ts';

export interface RowsProps<T> {
  /** What it lists. */
  readonly label: string;
  readonly columns: readonly string[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  /** In pixels: all rows have it. */
  readonly rowHeight: number;
  /** The cells of a row, one for each column, each with its role: `<span role="gridcell">`. */
  readonly cells: (row: T) => ComponentChildren;
  readonly onOpen: (row: T) => void;
  /** For tests: what tells a row from others, as `data-…`. */
  readonly dataOf?: (row: T) => Readonly<Record<`data-${string}`, string>>;
}

const FIRST_HEIGHT = 600;

export function Rows<T>(props: RowsProps<T>) {
  const { rows, keyOf, rowHeight, onOpen } = props;
  const frame = useRef<HTMLDivElement>(null);
  const height = useHeight(frame, FIRST_HEIGHT);
  const [scrollTop, setScrollTop] = useState(0);
  const [on, setOn] = useState<string | number | null>(null);
  const place = on === null ? -1 : rows.findIndex((row) => keyOf(row) === on);
  const lastPlace = useRef(-1);
  if (place >= 0) lastPlace.current = place;
  const { from, to } = windowOf(scrollTop, height, rowHeight, rows.length);

  const turnTo = (index: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[next];
    if (row === undefined || frame.current === null) return;
    setOn(keyOf(row));
    frame.current.scrollTop = scrolledTo(next, frame.current.scrollTop, height, rowHeight);
    frame.current.focus({ preventScroll: true });
  };
  // Where the row that was on is gone, the one that came into its place is the next.
  useCommand('down', () => {
    turnTo(place >= 0 ? place + 1 : Math.max(0, lastPlace.current));
  });
  useCommand('up', () => {
    turnTo((place >= 0 ? place : lastPlace.current) - 1);
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
    // A list that became shorter is seen from its end, not from below it.
    if (frame.current !== null) setScrollTop(frame.current.scrollTop);
  }, [rows.length]);

  const drawn = rows.slice(from, to);
  const active = place >= from && place < to ? `row-${on}` : undefined;
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
        <div class="run" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
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

/** Drawn again only where it is of another row, or is on or off. */
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
        onClick={() => {
          onOpen(row);
        }}
      >
        {cells(row)}
      </div>
    );
  }
}
