/**
 * Every live actor, or every one at the chosen moment: components first, then operations, those
 * longest in their state before the others.
 *
 * @module
 */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { WatchedActor } from '../../protocol.ts';
import { LOOK, type OperationSeen } from '../calls/calls.ts';
import { errorInWords } from '../calls/historyWords.ts';
import { after } from '../kit/browser.ts';
import { goTo, Nothing, searchFor, useCommand, usePage, useParts } from '../kit/page.tsx';
import { Rows } from '../kit/table.tsx';
import { Stood, Told } from '../kit/text.tsx';
import { useIsNarrow } from '../kit/useMedia.ts';
import { type ActorList, CHOICES, type Choice, filterOf, idEndOf } from '../model/listWindow.ts';
import { formatRoute, type Route } from '../model/route.ts';
import { countOf, countText, machineText, statesText, stateText } from '../words/news.ts';
import { useActorList } from './useActorList.ts';

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

function Filters(props: { readonly route: Route; readonly counts: ActorList['counts'] }) {
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

/** Operations that are listed at most; two ids with the same end are rare. */
const FOUND_MAX = 20;

interface Found {
  readonly operations: readonly OperationSeen[];
  /** Whether the whole store was searched. */
  readonly isAll: boolean;
  readonly error: string | null;
}

const NONE_YET: Found = { operations: [], isAll: false, error: null };

function InStore(props: { readonly idEnd: string }) {
  const { idEnd } = props;
  const { call } = useParts();
  const [found, setFound] = useState(NONE_YET);
  useEffect(() => {
    let isWanted = true;
    const look = async (): Promise<void> => {
      const operations: OperationSeen[] = [];
      let afterSeq: number | null | undefined;
      while (isWanted && afterSeq !== null && operations.length < FOUND_MAX) {
        const answer = await call(LOOK.operations, {
          ...{ idEnd, order: 'newest', limit: FOUND_MAX },
          ...(afterSeq === undefined ? {} : { afterSeq }),
        });
        if (!isWanted) return;
        if (!answer.ok) {
          setFound({ operations, isAll: false, error: errorInWords(answer.error) });
          return;
        }
        const { views, nextAfterSeq } = answer.result as {
          readonly views: readonly OperationSeen[];
          readonly nextAfterSeq: number | null;
        };
        operations.push(...views);
        afterSeq = nextAfterSeq;
        setFound({ operations: [...operations], isAll: afterSeq === null, error: null });
      }
    };
    setFound(NONE_YET);
    void look();
    return () => {
      isWanted = false;
    };
  }, [idEnd]);
  const { operations, isAll, error } = found;
  const isFull = operations.length >= FOUND_MAX;
  return (
    <section class="in-store" aria-label="In the store">
      <p role="status">
        {isAll || isFull
          ? operations.length === 0
            ? 'No operation in the store has an id that ends like this.'
            : `In the store: ${countOf(operations.length, 'operation')}${isAll ? '' : ' and perhaps more'} whose id ends like this.`
          : error === null
            ? 'Searching the store …'
            : `The store could not be searched: ${error}`}
      </p>
      <ul>
        {operations.map(({ id, type, state }) => (
          <li key={id}>
            <a href={formatRoute({ view: 'actors', of: id })}>
              <code>{id}</code>
            </a>{' '}
            {type}, {stateText(state)}
          </li>
        ))}
      </ul>
    </section>
  );
}

const SHOWN = 12;

function StateChips(props: {
  readonly route: Route;
  readonly counts: readonly (readonly [string, number])[];
}) {
  const { route, counts } = props;
  const on = route.query['state'] ?? '';
  return (
    <ul class="chips" aria-label="Counts by state">
      {counts.slice(0, SHOWN).map(([state, count]) => (
        <li key={state}>
          <button
            type="button"
            class="chip"
            aria-pressed={state === on}
            onClick={() => {
              searchFor(route, { state: state === on ? '' : state });
            }}
          >
            {stateText(state)} <b>{countText(count)}</b>
          </button>
        </li>
      ))}
    </ul>
  );
}

const COLUMNS = ['Actor', 'Chart', 'State', 'Type', 'Upstream', 'Tier', 'Priority', 'Since'];
const ROW_HEIGHT = 32;
const NARROW_ROW_HEIGHT = 54;

export function Actors() {
  const route = usePage((page) => page.route);
  const filter = useMemo(() => filterOf(route.query), [route]);
  const { list, hold } = useActorList(filter);
  const isNarrow = useIsNarrow();
  const { shown, total, counts } = list;
  const idEnd = idEndOf(filter);
  return (
    <section class="panel actors" aria-label="Actors">
      <Filters route={route} counts={counts} />
      <StateChips route={route} counts={counts.state} />
      <p class="tally">{tally(shown.length, total)}</p>
      <Told text={tally(shown.length, total)} when={filter} />
      {idEnd === null ? null : <InStore idEnd={idEnd} />}
      {shown.length === 0 ? (
        <Nothing>{total === 0 ? 'There are none.' : 'None in memory matches.'}</Nothing>
      ) : (
        <Rows
          label="Actors"
          columns={COLUMNS}
          rows={shown}
          keyOf={numberOf}
          rowHeight={isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT}
          cells={actorCells}
          dataOf={dataOf}
          onOpen={open}
          onAttention={hold}
        />
      )}
    </section>
  );
}

function tally(shown: number, total: number): string {
  if (shown === total) return `${countText(total)} actors`;
  return `${countText(shown)} of ${countText(total)} actors`;
}

function numberOf({ actor }: WatchedActor): number {
  return actor;
}

function dataOf({ actor }: WatchedActor) {
  return { 'data-actor': String(actor) };
}

/** Opens an actor by its id, which outlives a process, unlike its number. */
function open({ id }: WatchedActor): void {
  goTo({ view: 'actors', of: id });
}

function actorCells({ id, machine, states, sinceAtMs, about }: WatchedActor) {
  return (
    <>
      <span role="gridcell" class="name">
        <a href={formatRoute({ view: 'actors', of: id })} tabIndex={-1} title={id}>
          {id}
        </a>
      </span>
      <span role="gridcell" class="soft">
        {machineText(machine)}
      </span>
      <span role="gridcell" class="states" data-states title={states.join(', ')}>
        {states.length === 0 ? 'not remembered' : statesText(states)}
      </span>
      <span role="gridcell">{about?.type}</span>
      <span role="gridcell">{about?.upstream}</span>
      <span role="gridcell">{about?.tier}</span>
      <span role="gridcell">{about?.priority}</span>
      <span role="gridcell" class="number">
        <Since sinceAtMs={sinceAtMs} acceptedAtMs={about?.acceptedAtMs ?? null} />
      </span>
    </>
  );
}

/** The age of a state; one entered before anybody watched is as old as the operation at most. */
function Since(props: { readonly sinceAtMs: number | null; readonly acceptedAtMs: number | null }) {
  const { sinceAtMs, acceptedAtMs } = props;
  if (sinceAtMs !== null) return <Stood atMs={sinceAtMs} />;
  if (acceptedAtMs === null) return <span title="Since before anybody watched">–</span>;
  return (
    <span class="soft" title="Since before anybody watched, and at most since it was accepted">
      ≤ <Stood atMs={acceptedAtMs} />
    </span>
  );
}
