/**
 * The filters of the list of actors. They are part of the address, so that they can be kept and shared.
 *
 * @module
 */

import { useEffect, useRef, useState } from 'preact/hooks';
import { after } from '../kit/browser.ts';
import { searchFor, useCommand } from '../kit/page.tsx';
import { type ActorList, CHOICES, type Choice } from '../model/actorList.ts';
import type { Route } from '../model/route.ts';
import { machineText, stateText } from '../words/states.ts';

const NAMES: Readonly<Record<Choice, string>> = {
  machine: 'Chart',
  state: 'State',
  type: 'Type',
  upstream: 'Upstream',
  tier: 'Tier',
  priority: 'Priority',
};

const ORDERS: readonly (readonly [string, string])[] = [
  ['', 'longest there first'],
  ['newest', 'latest change first'],
  ['id', 'by name'],
];

export function Filters(props: { readonly route: Route; readonly counts: ActorList['counts'] }) {
  const { route, counts } = props;
  const [isOpen, setOpen] = useState(false);
  const chosen = CHOICES.filter((choice) => route.query[choice] !== undefined).length;
  const isAny = chosen > 0 || (route.query['q'] ?? '') !== '';
  return (
    <search class="filters">
      <SearchField route={route} />
      <button
        type="button"
        class="more"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        Filters{chosen === 0 ? '' : ` (${chosen})`}
      </button>
      <div class={isOpen ? 'choices open' : 'choices'}>
        {CHOICES.map((choice) => (
          <Select key={choice} choice={choice} route={route} counts={counts[choice]} />
        ))}
        <label>
          <span>Order</span>
          <select
            value={route.query['order'] ?? ''}
            onChange={(event) => {
              searchFor(route, { order: event.currentTarget.value });
            }}
          >
            {ORDERS.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        {isAny ? (
          <button
            type="button"
            class="plain"
            onClick={() => {
              searchFor(route, {
                q: '',
                ...Object.fromEntries(CHOICES.map((choice) => [choice, ''])),
              });
            }}
          >
            Clear
          </button>
        ) : null}
      </div>
    </search>
  );
}

const TYPING_MS = 150;

function SearchField({ route }: { readonly route: Route }) {
  const field = useRef<HTMLInputElement>(null);
  const asked = route.query['q'] ?? '';
  const [text, setText] = useState(asked);
  const isOwn = useRef(false);
  useEffect(() => {
    // Another link was followed; a text that is being typed stays.
    if (!isOwn.current) setText(asked);
  }, [asked]);
  useEffect(() => {
    if (!isOwn.current) return;
    return after(TYPING_MS, () => {
      isOwn.current = false;
      searchFor(route, { q: text });
    });
  }, [text, route]);
  useCommand('search', () => {
    field.current?.select();
    field.current?.focus();
  });
  useCommand('back', () => {
    field.current?.blur();
  });
  return (
    <input
      ref={field}
      type="search"
      aria-label="Search actors"
      placeholder="Search: id, chart, state, type, upstream …  ( / )"
      value={text}
      onInput={(event) => {
        isOwn.current = true;
        setText(event.currentTarget.value);
      }}
    />
  );
}

function Select(props: {
  readonly choice: Choice;
  readonly route: Route;
  readonly counts: readonly (readonly [string, number])[];
}) {
  const { choice, route, counts } = props;
  const value = route.query[choice] ?? '';
  const isThere = value === '' || counts.some(([other]) => other === value);
  return (
    <label>
      <span>{NAMES[choice]}</span>
      <select
        value={value}
        onChange={(event) => {
          searchFor(route, { [choice]: event.currentTarget.value });
        }}
      >
        <option value="">any</option>
        {isThere ? null : <option value={value}>{textOf(choice, value)} (0)</option>}
        {counts.map(([other, count]) => (
          <option key={other} value={other}>
            {textOf(choice, other)} ({count})
          </option>
        ))}
      </select>
    </label>
  );
}

function textOf(choice: Choice, value: string): string {
  if (choice === 'machine') return machineText(value);
  return choice === 'state' ? stateText(value) : value;
}
