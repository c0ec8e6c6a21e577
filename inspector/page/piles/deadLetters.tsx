/**
 * Dead letters: operations that were given up and wait for a person.
 *
 * @module
 */

import { useMemo, useState } from 'preact/hooks';
import { type LetterSeen, LOOK } from '../calls/calls.ts';
import type { PagesQuery } from '../calls/usePages.ts';
import { usePage } from '../kit/page.tsx';
import { Mark } from '../kit/text.tsx';
import { ChoiceFilter, TextFilter, useSeen } from './filters.tsx';
import { letterFilter, SINCE, whichLetters } from './filterWords.ts';
import { LetterDetail } from './letterDetail.tsx';
import { type LettersChosen, LettersOrder } from './lettersOrder.tsx';
import { Age, Pile, ShortId } from './pile.tsx';

const COLUMNS = ['Given up', 'Type', 'Why', 'Attempts', 'Id'];

export function DeadLetters() {
  const query = usePage((page) => page.route.query);
  const count = usePage((page) => page.overview?.waiting['deadLettered'] ?? 0);
  const upstreams = usePage((page) => page.overview?.upstreams, sameNames)?.map(({ name }) => name);
  // To the minute, and fixed when the list is opened: otherwise the list would change each second.
  const openedAtMs = usePage(
    (page) => Math.floor(page.nowMs / 60_000) * 60_000,
    () => true,
  );
  const types = useSeen<LetterSeen>(({ type }) => type);
  const codes = useSeen<LetterSeen>(({ code }) => code);
  const filter = useMemo(() => letterFilter(query, openedAtMs), [query, openedAtMs]);
  const pages: PagesQuery<LetterSeen> = {
    call: LOOK.deadLetters,
    params: { filter, order: 'newest' },
    from: { name: 'fromSeq', first: undefined },
    read: readLetters,
  };
  return (
    <Pile
      view="dead-letters"
      title="Dead letters"
      query={pages}
      changedBy={count}
      columns={COLUMNS}
      cells={letterCells}
      empty={Object.keys(filter).length === 0 ? 'There are none.' : 'None of them matches.'}
      filters={(rows) => (
        <>
          <TextFilter name="type" label="Part of its type" options={types(rows)} />
          <TextFilter name="upstream" label="Upstream" options={upstreams ?? []} />
          <TextFilter name="code" label="Why" options={codes(rows)} />
          <ChoiceFilter name="since" label="Given up" options={SINCE} />
        </>
      )}
      orders={(reload) => (
        <ManyOrders which={{ filter, says: whichLetters(query, filter) }} onDone={reload} />
      )}
      detail={(one) => <LetterDetail key={one.id} {...one} />}
    />
  );
}

function sameNames(
  one: readonly { readonly name: string }[] | undefined,
  other: readonly { readonly name: string }[] | undefined,
): boolean {
  const names = (list: typeof one) => list?.map(({ name }) => name).join(' ');
  return names(one) === names(other);
}

function readLetters(result: unknown) {
  const { letters, nextSeq } = result as {
    readonly letters: readonly LetterSeen[];
    readonly nextSeq: number | null;
  };
  return { rows: letters, next: nextSeq };
}

function letterCells({ id, type, code, attempts, deadLetteredAtMs, mayBeApplied }: LetterSeen) {
  return (
    <>
      <span role="gridcell">
        <Age atMs={deadLetteredAtMs} />
      </span>
      <span role="gridcell">{type}</span>
      <span role="gridcell">
        {mayBeApplied ? (
          <Mark tone="warn" title="An attempt may have been applied">
            {code}
          </Mark>
        ) : (
          code
        )}
      </span>
      <span role="gridcell" class="wide number">
        {attempts}
      </span>
      <span role="gridcell" class="wide">
        <ShortId id={id} />
      </span>
    </>
  );
}

function ManyOrders(props: { readonly which: LettersChosen; readonly onDone: () => void }) {
  const canOperate = usePage((page) => page.canOperate);
  const isPast = usePage((page) => page.past !== null);
  // The dead letters of an open dialog stay, whatever the list is filtered by meanwhile.
  const [asked, setAsked] = useState<(LettersChosen & { what: 'replay' | 'purge' }) | null>(null);
  if (canOperate !== true || isPast) return null;
  return (
    <>
      <span class="space" />
      <button
        type="button"
        onClick={() => {
          setAsked({ what: 'replay', ...props.which });
        }}
      >
        Replay all…
      </button>
      <button
        type="button"
        class="danger"
        onClick={() => {
          setAsked({ what: 'purge', ...props.which });
        }}
      >
        Purge all…
      </button>
      {asked === null ? null : (
        <LettersOrder
          what={asked.what}
          which={asked}
          onDone={props.onDone}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </>
  );
}
