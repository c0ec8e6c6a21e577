/**
 * A table of few rows. On a narrow screen it scrolls in its own frame, never the page. `rows.tsx` is for
 * thousands of rows.
 *
 * @module
 */

import type { ComponentChildren, Key } from 'preact';

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
