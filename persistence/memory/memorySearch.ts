/**
 * The memory store's search: that of sqlite/rows/search.ts over rows that are never sealed.
 *
 * @module
 */

import { subjectForm } from '../../machines/vocabulary/subject.ts';
import type { FoundRows, SearchQuery } from '../port/search.ts';
import { SEARCHED_ROWS } from '../port/search.ts';
import { type MemoryRow, operationOf } from './memoryRow.ts';

/** See {@link SearchStore.search}. */
export function searchRows(all: readonly MemoryRow[], query: SearchQuery): FoundRows {
  const { order, fromSeq, limit } = query;
  const isNewest = order === 'newest';
  const looked = all
    .filter(({ seq }) => (isNewest ? seq < fromSeq : seq > fromSeq))
    .filter((row) => isOfSubject(row, query))
    .toSorted((a, b) => (isNewest ? b.seq - a.seq : a.seq - b.seq))
    .slice(0, SEARCHED_ROWS);
  const opened = looked.filter((row) => isMeant(row, query)).slice(0, limit);
  const { mentions = [] } = query;
  const rows = opened.filter(
    ({ standing, state }) =>
      standing === 'quarantined' || mentions.every((text) => state.includes(text)),
  );
  const isCut = opened.length === limit;
  const last = isCut ? opened.at(-1) : looked.length < SEARCHED_ROWS ? undefined : looked.at(-1);
  return {
    rows: rows.map((row) => ({ ...operationOf(row), payload: null })),
    nextSeq: last?.seq ?? null,
  };
}

function isMeant(row: MemoryRow, query: SearchQuery): boolean {
  const { standings, waitsFor, tag, idFrom, idBefore, idEnd } = query;
  return (
    (standings?.includes(row.standing) ?? true) &&
    (waitsFor === undefined || row.waitsFor === waitsFor) &&
    (tag === undefined || row.tags?.includes(tag) === true) &&
    (idFrom === undefined || row.id >= idFrom || row.urgency === 0) &&
    (idBefore === undefined || row.id < idBefore) &&
    (idEnd === undefined || row.id.replaceAll('-', '').endsWith(idEnd))
  );
}

function isOfSubject(row: MemoryRow, { subject }: SearchQuery): boolean {
  return subject === undefined || subjectForm(row.subject ?? '') === subjectForm(subject);
}
