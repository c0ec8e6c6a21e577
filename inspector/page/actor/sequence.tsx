/**
 * The events that an actor took, the newest first; on demand with those of the components around it, so
 * that their order is seen. Each row links to the moment right after it.
 *
 * @module
 */

import { useMemo, useState } from 'preact/hooks';
import { eventInWords } from '../../charts/transitions.ts';
import { RINGS, type RingName, ringOf } from '../../protocol.ts';
import { changeOf, statesInWords } from '../chart/chartPosition.ts';
import { Nothing, Panel, usePage, useParts } from '../kit/page.tsx';
import { Rows } from '../kit/table.tsx';
import { Mark } from '../kit/text.tsx';
import { rememberedOf, type ShownActor, serialOf } from '../model/shown.ts';
import { companionsOf, type SequenceRow, sequenceOf } from '../past/sequence.ts';
import { countOf, preciseText, spanText } from '../words/news.ts';

const ROW_HEIGHT = 44;
const ALONE = ['At', 'Event', 'Led'] as const;
const TOGETHER = ['At', 'Who', 'Event', 'Led'] as const;

/** A row with the name of its actor. */
interface NamedRow {
  readonly row: SequenceRow;
  readonly who: string;
}

function sameRows(one: readonly SequenceRow[], other: readonly SequenceRow[]): boolean {
  return (
    one.length === other.length &&
    keyOfRow(one[0]) === keyOfRow(other[0]) &&
    keyOfRow(one.at(-1)) === keyOfRow(other.at(-1))
  );
}

function keyOfRow(row: SequenceRow | undefined): string {
  if (row === undefined) return '';
  if (row.kind === 'missed') return `missed-${row.after}`;
  return row.kind === 'step' ? `step-${row.step.serial}` : `news-${row.news.serial}`;
}

export function Sequence(props: { readonly shown: ShownActor }) {
  const { actor } = props.shown;
  const { store } = useParts();
  const [beside, setBeside] = useState<ReadonlySet<number>>(new Set());
  const companions = usePage(
    (page) =>
      companionsOf((page.past ?? page).actors.values(), upstreamOf(actor)).filter(
        (other) => other.actor !== actor.actor,
      ),
    (one, other) => one.length === other.length && one.every(({ id }, at) => id === other[at]?.id),
  );
  const names = useMemo(
    () => new Map([actor, ...companions].map((one) => [one.actor, one.id])),
    [actor.actor, companions],
  );
  const cast = useMemo(
    () => ({
      actors: new Set([actor.actor, ...beside]),
      ids: new Set([actor.id, ...[...beside].flatMap((number) => names.get(number) ?? [])]),
      // All companions are components.
      rings: new Set<RingName>([
        ringOf(actor.machine),
        ...(beside.size > 0 ? RINGS.slice(0, 1) : []),
      ]),
    }),
    [actor.actor, beside, names],
  );
  const rows = usePage((page) => {
    const { steps, news } = rememberedOf(page);
    return sequenceOf(steps, news, cast);
  }, sameRows);
  const isTogether = beside.size > 0;
  const isOfWork = actor.about !== null;
  const named = useMemo(
    () =>
      rows.map(
        (row): NamedRow => ({
          row,
          who: isTogether ? whoOf(row, names, isOfWork ? actor.id : '') : '',
        }),
      ),
    [rows, isTogether, names],
  );
  const serial = usePage(serialOf);
  return (
    <Panel
      title={isTogether ? 'Events together' : 'Events'}
      class={`sequence${isTogether ? ' together' : ''}`}
      aside={rows.length === 0 ? undefined : `${countOf(rows.length, 'row')}, the newest first`}
    >
      {companions.length === 0 ? null : (
        <fieldset class="cast">
          <legend>Beside it</legend>
          {companions.map((other) => (
            <label key={other.actor}>
              <input
                type="checkbox"
                checked={beside.has(other.actor)}
                onChange={(event) => {
                  const next = new Set(beside);
                  if (event.currentTarget.checked) next.add(other.actor);
                  else next.delete(other.actor);
                  setBeside(next);
                }}
              />
              {other.id}
            </label>
          ))}
        </fieldset>
      )}
      {rows.length === 0 ? (
        <Nothing>None of its events is remembered. New ones will appear here.</Nothing>
      ) : (
        <Rows
          label={`Events of ${actor.id}${isTogether ? ' and others' : ''}`}
          columns={isTogether ? TOGETHER : ALONE}
          rows={named}
          keyOf={({ row }) => keyOfRow(row)}
          rowHeight={ROW_HEIGHT}
          cells={isTogether ? cellsTogether : cellsAlone}
          on={serial === null ? null : `step-${serial}`}
          onOpen={({ row }) => {
            if (row.kind === 'step') store.trigger.pastChosen({ serial: row.step.serial });
          }}
        />
      )}
    </Panel>
  );
}

/** The upstream of an operation, or the upstream in the id of a component. */
function upstreamOf({ id, about }: ShownActor['actor']): string | null {
  return about === null ? (/:(.*)$/s.exec(id)?.[1] ?? null) : about.upstream;
}

function whoOf(row: SequenceRow, names: ReadonlyMap<number, string>, own: string): string {
  if (row.kind === 'missed') return '';
  const id = row.kind === 'step' ? (names.get(row.step.actor) ?? '') : (row.news.id ?? '');
  return id === own ? 'operation' : id;
}

function cellsAlone({ row }: NamedRow) {
  return (
    <>
      <Time row={row} />
      <What row={row} />
      <Led row={row} />
    </>
  );
}

function cellsTogether({ row, who }: NamedRow) {
  return (
    <>
      <Time row={row} />
      <span role="gridcell" class="who" title={who}>
        {who}
      </span>
      <What row={row} />
      <Led row={row} />
    </>
  );
}

function Time(props: { readonly row: SequenceRow }) {
  const { row } = props;
  if (row.kind === 'missed') return <span role="gridcell" class="time" />;
  const { atMs } = row.kind === 'step' ? row.step : row.news;
  return (
    <span role="gridcell" class="time">
      {preciseText(atMs)}
      {row.afterMs === null || row.afterMs < 1 ? null : (
        <span class="soft after"> +{spanText(row.afterMs)}</span>
      )}
    </span>
  );
}

function What(props: { readonly row: SequenceRow }) {
  const { row } = props;
  if (row.kind === 'missed') {
    return (
      <span role="gridcell" class="what">
        <Mark tone="warn">{countOf(row.count, 'step')} not sent to this page</Mark>
      </span>
    );
  }
  if (row.kind === 'news') {
    const { tone, text } = row.news;
    return (
      <span role="gridcell" class="told" aria-colspan={2} title={row.news.kind}>
        <Mark tone={tone}>{text}</Mark>
      </span>
    );
  }
  return (
    <span role="gridcell" class="what">
      <b>{eventInWords(row.step.event)}</b>
    </span>
  );
}

function Led(props: { readonly row: SequenceRow }) {
  const { row } = props;
  if (row.kind === 'missed') {
    return (
      <span role="gridcell" class="led soft">
        some may be its own
      </span>
    );
  }
  if (row.kind === 'news') return null;
  const { from, to } = row.step;
  const { left, entered } = changeOf(row.step);
  return (
    <span role="gridcell" class="led" title={`${statesInWords(from)} → ${statesInWords(to)}`}>
      {row.isStay ? (
        <span class="soft">stays in {statesInWords(to)}</span>
      ) : from.length === 0 ? (
        `begins in ${statesInWords(to)}`
      ) : (
        <>
          {left.length === 0 ? null : <span class="soft">{statesInWords(left)} </span>}
          <span class="soft">→ </span>
          {entered.length === 0 ? <span class="soft">left</span> : statesInWords(entered)}
        </>
      )}
    </span>
  );
}
