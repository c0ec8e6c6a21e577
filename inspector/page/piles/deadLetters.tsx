/**
 * Dead letters: operations that were given up and wait for a person.
 *
 * @module
 */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type LetterSeen, LOOK, ORDER } from '../calls/calls.ts';
import { errorInWords } from '../calls/historyWords.ts';
import { type PagesQuery, useAnswer } from '../calls/usePages.ts';
import { Dialog, Fact, Facts, Nothing, Panel, usePage, useParts } from '../kit/page.tsx';
import { Id, Mark, Since, Until } from '../kit/text.tsx';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { OrderDialog } from '../orders/orderDialog.tsx';
import { orderOfLetters, ordersOfLetter } from '../orders/ordersOfWork.ts';
import { countsInWords, inPieces } from '../orders/pieces.ts';
import { countOf, countText } from '../words/news.ts';
import {
  Age,
  ChoiceFilter,
  NotReadAgain,
  type OpenOne,
  Pile,
  ShortId,
  TextFilter,
  useSeen,
} from './filters.tsx';
import { letterFilter, SINCE, whichLetters } from './filterWords.ts';
import { HistoryList } from './keptOperation.tsx';

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

function LetterDetail(props: OpenOne) {
  const { id, round, onDone } = props;
  const read = (result: unknown) => result as LetterSeen;
  const { value, error } = useAnswer(LOOK.deadLetter, { id }, read, round);
  if (value === null) {
    return (
      <Panel title="Dead letter">
        <Nothing>{error ?? 'Reading …'}</Nothing>
      </Panel>
    );
  }
  const { type, code, tier, priority, attempts, deadLetteredAtMs, acceptedAtMs } = value;
  return (
    <>
      <Panel title={type} aside={<Id id={id} />}>
        <div class="body">
          <NotReadAgain error={error} />
          <p>
            <Mark tone="bad">{code}</Mark>
          </p>
          {value.mayBeApplied ? (
            <p>
              <Mark tone="warn">An attempt may have been applied at the upstream.</Mark>
            </p>
          ) : null}
          {value.hasPayload === false ? (
            <p>
              <Mark tone="warn">
                Its payload is gone: it can only be replayed with another one, which this page can’t
                send.
              </Mark>
            </p>
          ) : null}
          <Facts>
            <Fact name="Given up">
              <Since atMs={deadLetteredAtMs} />
            </Fact>
            <Fact name="Attempts">{attempts}</Fact>
            <Fact name="Tier, priority">
              {tier}, {priority}
            </Fact>
            {value.expiresAtMs === null ? null : (
              <Fact name="Expires">
                <Until atMs={value.expiresAtMs} />
              </Fact>
            )}
          </Facts>
          <OrderButtons orders={error === null ? ordersOfLetter(value) : []} onDone={onDone} />
        </div>
      </Panel>
      <Panel title="What happened to it">
        <HistoryList history={value.history ?? []} acceptedAtMs={acceptedAtMs} />
      </Panel>
    </>
  );
}

/** The dead letters that an order is about. */
interface LettersChosen {
  readonly filter: Readonly<Record<string, unknown>>;
  /** The dead letters, in words. */
  readonly says: string;
}

function LettersOrder(props: {
  readonly what: 'replay' | 'purge';
  readonly which: LettersChosen;
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { what, onDone, onClose } = props;
  const { filter, says: which } = props.which;
  const { call } = useParts();
  // Without what is given up again while this runs, or it would never end.
  const untilMs = usePage(
    (page) => page.nowMs,
    () => true,
  );
  const [count, setCount] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [done, setDone] = useState(0);
  const isWanted = useRef(true);
  const name = what === 'replay' ? ORDER.replayLetters : ORDER.purgeLetters;
  const all = { ...filter, untilMs };

  useEffect(() => {
    const dryRun = { filter: all, dryRun: true };
    void inPieces(
      (params) => call(name, params),
      dryRun,
      () => isWanted.current,
    ).then(({ answer, counts }) => {
      if (answer.ok) setCount(counts.matched);
      else setError(errorInWords(answer.error));
    });
    return () => {
      isWanted.current = false;
    };
  }, []);

  if (count === null || count === 0) {
    return (
      <Dialog title={what === 'replay' ? 'Replay all' : 'Purge all'} onClose={onClose}>
        <p role="status">{error ?? (count === 0 ? 'None of them matches.' : 'Counting them …')}</p>
        <p class="buttons">
          <button type="button" autofocus onClick={onClose}>
            Close
          </button>
        </p>
      </Dialog>
    );
  }
  const order = orderOfLetters(what, { filter: all, which, count });
  return (
    <OrderDialog
      order={order}
      onClose={onClose}
      onDone={onDone}
      progress={
        <p>
          <progress max={count} value={done} aria-label="Progress" /> {countText(done)} of{' '}
          {countOf(count, 'dead letter')}.{' '}
          <button
            type="button"
            onClick={() => {
              isWanted.current = false;
            }}
          >
            Stop
          </button>
        </p>
      }
      carryOut={async (_, params) => {
        isWanted.current = true;
        const { answer, counts, isStopped } = await inPieces(
          (piece) => call(name, piece),
          params,
          ({ matched }) => {
            setDone(matched);
            return isWanted.current;
          },
        );
        const said = countsInWords(what === 'replay' ? 'replayed' : 'purged', counts, isStopped);
        if (answer.ok) return { ok: true, result: said };
        const { code, message } = answer.error;
        if (counts.done > 0) onDone();
        return { ok: false, error: { code, message: `${said} Then it failed: ${message}` } };
      }}
    />
  );
}
