/**
 * Searches of the operations for people, a piece at a time (SC-1). Plain columns rule out most rows without opening
 * them. A piece reads the index of a condition, if it is in order of acceptance; or the index of a standing that few
 * rows have; else the rows one after the other. The index of subjects is also what reaches all that is held about a
 * person; no other is kept for searches, since each costs every acceptance a page.
 *
 * @module
 */

import type { FoundRows, SearchQuery } from '../../port/search.ts';
import { SEARCHED_ROWS } from '../../port/search.ts';
import type { Standing, StoredOperation } from '../../port/store.ts';
import {
  IS_ASKING,
  IS_DEAD_LETTERED,
  IS_DUE,
  IS_HELD,
  IS_IN_HAND,
  IS_QUARANTINED,
  STANDING_CODES,
  WAITS_FOR_CODES,
} from '../schema/schema.ts';
import { bytesOfId } from '../seals/rowSeals.ts';
import type { Bound, Source } from './searchStatements.ts';
import type { Tables } from './tables.ts';
import { listRow, tallyOf } from './tables.ts';
import { isDamage, unreadableRow } from './unreadableRows.ts';

const EVERYTHING: Source = { from: 'operation NOT INDEXED', where: 'TRUE' };
const ASKING: Source = {
  from: 'operation INDEXED BY operation_asking',
  where: `${IS_ASKING} AND waits_for = @waits`,
};
/** The source for a tag, however many have it: rows in order of acceptance. */
const TAGGED: Source = { from: 'tagged CROSS JOIN operation USING (seq)', where: 'tag = @tag' };
/** The source for a person, likewise. */
const OF_SUBJECT: Source = {
  from: 'operation INDEXED BY operation_subject',
  where: 'subject = @subject',
};
/** Sources by standing; settled rows are most of a grown store and have no such index. */
const STANDING: Readonly<Record<Exclude<Standing, 'settled'>, Source>> = {
  inHand: { from: 'operation INDEXED BY operation_in_hand', where: IS_IN_HAND },
  due: { from: 'operation INDEXED BY operation_due', where: IS_DUE },
  held: { from: 'operation INDEXED BY operation_held', where: IS_HELD },
  deadLettered: { from: 'operation INDEXED BY operation_dead_lettered', where: IS_DEAD_LETTERED },
  quarantined: { from: 'operation INDEXED BY operation_quarantined', where: IS_QUARANTINED },
};
/** Standings with indexes in order of acceptance; rows of the others are sorted. */
const IN_ORDER: ReadonlySet<Standing> = new Set(['held', 'deadLettered', 'quarantined']);

/** See {@link SearchStore.search}. */
export function search(tables: Tables, query: SearchQuery): FoundRows {
  const { order, fromSeq, limit, mentions = [] } = query;
  const bound = boundOf(tables, query);
  const sources = sourcesOf(tables, query);
  const cut = endOfPiece(tables, sources, order, bound);
  const to = cut ?? (order === 'newest' ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER);
  const sign = order === 'newest' ? -1 : 1;
  const opened = sources
    .flatMap((source) => rowsOf(tables, source, order, { ...bound, to }))
    .toSorted((a, b) => sign * (a.seq - b.seq))
    .slice(0, limit);
  return {
    rows: opened.filter(
      ({ standing, state }) =>
        standing === 'quarantined' || mentions.every((text) => state.includes(text)),
    ),
    nextSeq: opened.length === limit ? (opened.at(-1)?.seq ?? fromSeq) : cut,
  };
}

function boundOf({ seals }: Tables, query: SearchQuery): Bound {
  const { standings, waitsFor, subject, tag, fromSeq, limit } = query;
  const { idFrom, idBefore, idEnd } = query;
  return {
    standings:
      standings?.reduce((mask, standing) => mask | (1 << STANDING_CODES[standing]), 0) ?? null,
    waits: waitsFor === undefined ? null : WAITS_FOR_CODES[waitsFor],
    subject: subject === undefined ? null : seals.subjectTag(subject),
    tag: tag === undefined ? null : seals.tagTag(tag),
    idFrom: idFrom === undefined ? null : bytesOfId(idFrom),
    idBefore: idBefore === undefined ? null : bytesOfId(idBefore),
    idEnd: idEnd === undefined ? null : bytesOfId(idEnd),
    from: fromSeq,
    limit,
  };
}

function sourcesOf(tables: Tables, { standings, waitsFor, subject, tag }: SearchQuery): Source[] {
  if (tag !== undefined) return [TAGGED];
  if (subject !== undefined) return [OF_SUBJECT];
  if (waitsFor !== undefined && WAITS_FOR_CODES[waitsFor] >= WAITS_FOR_CODES.handler) {
    return [ASKING];
  }
  const places = standings?.filter((standing) => standing !== 'settled') ?? [];
  if (standings === undefined || places.length < standings.length) return [EVERYTHING];
  const [only] = places;
  if (only !== undefined && places.length === 1 && IN_ORDER.has(only)) return [STANDING[only]];
  const counts = tallyOf(tables);
  const rows = places.reduce((sum, place) => sum + (counts.get(STANDING_CODES[place]) ?? 0), 0);
  return rows > SEARCHED_ROWS ? [EVERYTHING] : places.map((place) => STANDING[place]);
}

/** Up to where all of the sources can be looked at in this piece; `null` where that is all there is. */
function endOfPiece(
  { searches }: Tables,
  sources: readonly Source[],
  order: SearchQuery['order'],
  bound: Bound,
): number | null {
  const ends = sources
    .map((source) => searches.end(source, order, bound))
    .filter(({ rows }) => rows === SEARCHED_ROWS)
    .map(({ end }) => end);
  if (ends.length === 0) return null;
  return order === 'newest' ? Math.max(...ends) : Math.min(...ends);
}

/** The rows of a piece; if one can't be read they are read one by one, and that one is shown as quarantined. */
function rowsOf(
  tables: Tables,
  source: Source,
  order: SearchQuery['order'],
  bound: Bound & { readonly to: number },
): StoredOperation[] {
  const { searches } = tables;
  try {
    return searches.meant(source, order, bound).map((row) => listRow(tables, row));
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  const isWithin = (seq: number): boolean =>
    order === 'newest' ? seq >= bound.to : seq <= bound.to;
  const before = order === 'newest' ? 1 : -1;
  const rows: StoredOperation[] = [];
  for (const seq of searches.seqs(source, order, bound).filter(isWithin)) {
    if (rows.length === bound.limit) break;
    try {
      const alone = { ...bound, from: seq + before, to: seq };
      rows.push(...searches.meant(source, order, alone).map((row) => listRow(tables, row)));
    } catch (error) {
      if (!isDamage(error)) throw error;
      rows.push(unreadableRow(seq));
    }
  }
  return rows;
}
