/**
 * Statements of searches, composed of a source and an order, each prepared when first used on a connection.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import type { SearchQuery } from '../../port/search.ts';
import { SEARCHED_ROWS } from '../../port/search.ts';
import type { OperationRow } from '../seals/rowSeals.ts';
import { COLUMNS, NO_PAYLOAD } from './statements.ts';

/** Rows that are read in order of acceptance, where all of them are found. */
export interface Source {
  /** The table `operation`, with the index that is read, or what is read in front of it. */
  readonly from: string;
  readonly where: string;
}

const MEANT =
  '(@standings IS NULL OR (@standings >> standing) & 1) AND (@waits IS NULL OR waits_for = @waits) ' +
  'AND (@subject IS NULL OR subject = @subject) ' +
  'AND (@idFrom IS NULL OR id >= @idFrom OR urgency = 0) AND (@idBefore IS NULL OR id < @idBefore) ' +
  'AND (@idEnd IS NULL OR substr(id, -length(@idEnd)) = @idEnd)';

/** Parameters of a piece. */
export interface Bound {
  /** A bit for the number of each standing that is meant; `null` for all. */
  readonly standings: number | null;
  readonly waits: number | null;
  readonly subject: Uint8Array | null;
  readonly tag: Uint8Array | null;
  readonly idFrom: Uint8Array | null;
  readonly idBefore: Uint8Array | null;
  readonly idEnd: Uint8Array | null;
  readonly from: number;
  readonly limit: number;
}

export interface SearchStatements {
  /** The number of the last row of the next piece, and how many there are in it. */
  end(source: Source, order: SearchQuery['order'], bound: Bound): { end: number; rows: number };
  /** The numbers of its rows. */
  seqs(source: Source, order: SearchQuery['order'], bound: Bound): number[];
  /** Matching rows up to and including `to`. */
  meant(
    source: Source,
    order: SearchQuery['order'],
    bound: Bound & { readonly to: number },
  ): OperationRow[];
}

/** Makes the statements of searches for a connection, each prepared when first used. */
export function createSearchStatements(db: Database.Database): SearchStatements {
  const prepared = new Map<string, Database.Statement>();
  const ask = (text: string): Database.Statement => {
    const statement = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  const next = ({ from, where }: Source, order: SearchQuery['order']): string =>
    `SELECT seq FROM ${from} WHERE ${where} AND ${beyond(order)} ` +
    `${inOrder(order)} LIMIT ${SEARCHED_ROWS}`;
  return {
    end: (source, order, bound) =>
      ask(
        `SELECT ${order === 'newest' ? 'min' : 'max'}(seq) AS end, count(*) AS rows FROM (${next(source, order)})`,
      ).get(bound) as { end: number; rows: number },
    seqs: (source, order, bound) => ask(next(source, order)).pluck().all(bound) as number[],
    meant: (source, order, bound) =>
      ask(
        `SELECT ${COLUMNS}, ${NO_PAYLOAD} FROM ${source.from} WHERE ${source.where} AND ${beyond(order)} AND ` +
          `${order === 'newest' ? 'seq >= @to' : 'seq <= @to'} AND ${MEANT} ${inOrder(order)} LIMIT @limit`,
      ).all(bound) as OperationRow[],
  };
}

/** The bound of the exact integers: a row with an edited number beyond it would be found for ever. */
function beyond(order: SearchQuery['order']): string {
  return order === 'newest' ? 'seq < @from' : `seq > @from AND seq <= ${Number.MAX_SAFE_INTEGER}`;
}

function inOrder(order: SearchQuery['order']): string {
  return order === 'newest' ? 'ORDER BY seq DESC' : 'ORDER BY seq';
}
