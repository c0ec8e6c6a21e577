/**
 * Conflicts: two sides have changed one record, and a person decides. Never what the record holds.
 *
 * @module
 */

import { useMemo } from 'preact/hooks';
import { type ConflictSeen, LOOK } from '../calls/calls.ts';
import { type PagesQuery, useAnswer } from '../calls/usePages.ts';
import { Fact, Facts, Nothing, Panel, usePage } from '../kit/page.tsx';
import { Id, Mark, Since } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { ordersOfConflict } from '../orders/ordersOfWork.ts';
import { countOf, sinceText } from '../words/news.ts';
import { conflictReason, conflictState, decisionInWords } from './conflictWords.ts';
import {
  Age,
  ChoiceFilter,
  NotReadAgain,
  type OpenOne,
  Pile,
  TextFilter,
  useSeen,
} from './filters.tsx';
import { named } from './filterWords.ts';

const COLUMNS = ['Open', 'State', 'Record', 'Asks', 'Edits', 'Reason'];

const WHICH = [
  ['', 'Waiting'],
  ['all', 'All, over or not'],
] as const;

export function Conflicts() {
  const query = usePage((page) => page.route.query);
  const count = usePage((page) => {
    const { count: open = 0, held = 0, atWork = 0 } = page.overview?.conflicts ?? {};
    return `${open} ${held} ${atWork}`;
  });
  const filter = useMemo(
    () => ({
      ...named(query, ['entityType', 'type']),
      ...(query['which'] === 'all' ? { all: true } : {}),
    }),
    [query],
  );
  const kinds = useSeen<ConflictSeen>(({ entityType }) => entityType);
  const types = useSeen<ConflictSeen>(({ type }) => type);
  const pages: PagesQuery<ConflictSeen> = {
    call: LOOK.conflicts,
    params: { filter, order: 'newest' },
    from: { name: 'fromSeq', first: undefined },
    read: (result) => {
      const { conflicts, nextSeq } = result as {
        readonly conflicts: readonly ConflictSeen[];
        readonly nextSeq: number | null;
      };
      return { rows: conflicts, next: nextSeq };
    },
  };
  return (
    <Pile
      view="conflicts"
      title="Conflicts"
      query={pages}
      changedBy={count}
      columns={COLUMNS}
      cells={cells}
      empty="None waits for a person."
      filters={(rows) => (
        <>
          <TextFilter name="entityType" label="Kind of record" options={kinds(rows)} />
          <TextFilter name="type" label="Type of edits" options={types(rows)} />
          <ChoiceFilter name="which" label="Which" options={WHICH} />
        </>
      )}
      detail={(one) => <ConflictDetail key={one.id} {...one} />}
    />
  );
}

function cells({ state, entityType, type, reason, questions, openedAtMs, isHeld }: ConflictSeen) {
  const [tone, says] = conflictState(state);
  return (
    <>
      <span role="gridcell">
        <Age atMs={openedAtMs} />
      </span>
      <span role="gridcell">
        <Mark tone={tone}>{says}</Mark>
        {isHeld ? <span class="soft"> · work waits</span> : null}
      </span>
      <span role="gridcell">{entityType ?? ''}</span>
      <span role="gridcell" class="wide">
        {countOf(questions, 'question')}
      </span>
      <span role="gridcell" class="wide">
        {type}
      </span>
      <span role="gridcell" class="wide" title={conflictReason(reason)}>
        {reason}
      </span>
    </>
  );
}

function ConflictDetail(props: OpenOne) {
  const { id, round, onDone } = props;
  const read = (result: unknown) => result as ConflictSeen;
  const { value, error } = useAnswer(LOOK.conflict, { id }, read, round);
  if (value === null) {
    return (
      <Panel title="Conflict">
        <Nothing>{error ?? 'Reading …'}</Nothing>
      </Panel>
    );
  }
  const [tone, says] = conflictState(value.state);
  return (
    <>
      <Panel title={value.entityType ?? 'Conflict'} aside={<Id id={id} />}>
        <div class="body">
          <NotReadAgain error={error} />
          <p>
            <Mark tone={tone}>{says}</Mark>
          </p>
          <p>{conflictReason(value.reason)}</p>
          <Facts>
            <Fact name="Open">
              <Since atMs={value.openedAtMs} />
            </Fact>
            <Fact name="Asks">{countOf(value.questions, 'question')}</Fact>
            <Fact name="Edits of">{value.type}</Fact>
            <Fact name="Meanwhile">
              {value.isHeld
                ? 'The edit waits, and so does its lane.'
                : 'The merged value is in use.'}
            </Fact>
            {value.reason === 'elsewhere' ? (
              <Fact name="Words">
                {(value.sides?.length ?? 0) > 1
                  ? 'Those of this store are kept here. The device that asks has all sides.'
                  : 'None are here. The device that asks has them.'}
              </Fact>
            ) : null}
            {value.operationId === null ? null : (
              <Fact name="Met by">
                <a href={formatRoute({ view: 'actors', of: value.operationId })}>
                  <code>{value.operationId}</code>
                </a>
              </Fact>
            )}
            {value.isToBeCarriedOut ? (
              <Fact name="Decided">It is carried out as soon as possible.</Fact>
            ) : null}
          </Facts>
          <OrderButtons orders={error === null ? ordersOfConflict(value) : []} onDone={onDone} />
        </div>
      </Panel>
      <Sides conflict={value} />
      <Panel title="The values of each side">
        <div class="body soft">
          <p>
            This page shows no values of a record. To see both sides, and to answer question by
            question:
          </p>
          <p>
            <code>holdfast conflicts show {id}</code>
          </p>
        </div>
      </Panel>
    </>
  );
}

function Sides(props: { readonly conflict: ConflictSeen }) {
  const { sides = [], decisions = [] } = props.conflict;
  const minute = usePage((page) => Math.floor(page.nowMs / 60_000) * 60_000);
  if (sides.length + decisions.length === 0) return null;
  return (
    <Panel title="Sides and decisions">
      <ol class="history">
        {sides.map(({ atMs, isOurs }, at) => (
          <li key={at}>
            <span class="soft">{atMs === null ? 'unknown' : sinceText(atMs, minute)}</span>
            <span>
              Side {at + 1}: written by {isOurs ? 'this store' : 'the other side'}.
            </span>
          </li>
        ))}
        {decisions.map(({ kind, by, atMs, isCarriedOut, operationId }) => (
          <li key={atMs}>
            <span class="soft">{sinceText(atMs, minute)}</span>
            <span>
              {decisionInWords(kind, by.role)},{' '}
              {isCarriedOut ? 'and carried out' : 'not carried out yet'}.
              {operationId === null ? null : (
                <>
                  {' '}
                  <a href={formatRoute({ view: 'actors', of: operationId })}>Its operation</a>
                </>
              )}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
