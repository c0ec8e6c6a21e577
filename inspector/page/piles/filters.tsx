/**
 * The filters of a list, which are part of the address, so that they can be kept and sent on.
 *
 * @module
 */

import { useId, useRef, useState } from 'preact/hooks';
import { searchFor, usePage } from '../kit/page.tsx';

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
