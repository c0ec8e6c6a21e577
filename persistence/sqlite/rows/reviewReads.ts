/**
 * Dead letters and quarantined rows, listed for a person.
 *
 * @module
 */

import {
  ERROR_CODES,
  type ErrorCode,
  isHoldfastError,
} from '../../../machines/vocabulary/errors.ts';
import type { Query } from '../../port/questions.ts';
import type {
  DeadLetterRows,
  QuarantinedRecord,
  SealedRecord,
  Standing,
  StoredOperation,
} from '../../port/store.ts';
import type { OpenedRow, OperationRow } from '../seals/rowSeals.ts';
import { idOfBytes } from '../seals/rowSeals.ts';
import type { Tables } from './tables.ts';
import { listRow, STANDINGS } from './tables.ts';

/** A quarantined row with the columns it was cleared of; `null` in all of them where none were noted. */
export interface QuarantineRow extends Omit<OperationRow, 'standing' | 'waits_for'> {
  readonly standing: number | null;
  readonly waits_for: number | null;
  readonly code: string | null;
  readonly set_aside_at: number | null;
}

/** The code of a row that alone says it is quarantined: it was edited in the file. */
const UNTOLD = 'HF_RECORD_TAMPERED';

/** See {@link Store.deadLetters}. */
export function deadLetters(tables: Tables, query: Query<'deadLetters'>): DeadLetterRows {
  const { statements, seals } = tables;
  const { order, fromSeq, limit, routes } = query;
  const statement = statements[order === 'newest' ? 'deadLettersNewest' : 'listDeadLettered'];
  const tags = routes?.map((name) => hexOf(seals.routeTag(name)));
  const looked = statement.all(fromSeq, limit) as OperationRow[];
  const rows: StoredOperation[] = looked
    .filter((row) => tags?.includes(hexOf(row.route)) ?? true)
    .map((row) => listRow(tables, row))
    // A row that was quarantined just now is no dead letter any more.
    .filter(({ standing }) => standing === 'deadLettered');
  return { rows, nextSeq: looked.length < limit ? null : (looked.at(-1)?.seq ?? null) };
}

/** See {@link Store.quarantine}. */
export function quarantined(tables: Tables, query: Query<'quarantine'>): QuarantinedRecord[] {
  return quarantineRows(tables, query.afterSeq, query.limit).map((row) => {
    const opened = opensTo(tables, row);
    return {
      seq: row.seq,
      id: idOfBytes(row.id),
      revision: row.revision,
      urgency: row.urgency,
      code: codeOf(row),
      setAsideAtMs: row.set_aside_at,
      stood: stoodOf(row),
      state: 'state' in opened ? opened.state : null,
      opensNot: 'code' in opened ? opened.code : null,
    };
  });
}

/** See {@link Store.sealedQuarantine}. */
export function sealedQuarantine(tables: Tables, query: Query<'sealedQuarantine'>): SealedRecord[] {
  return quarantineRows(tables, query.afterSeq, query.limit).map((row) => ({
    seq: row.seq,
    id: idOfBytes(row.id),
    revision: row.revision,
    keyId: row.key_id,
    urgency: row.urgency,
    code: codeOf(row),
    setAsideAtMs: row.set_aside_at,
    stood: stoodOf(row),
    dueAtMs: row.due_at,
    expiresAtMs: row.expires_at,
    route: base64(row.route),
    lane: row.lane === null ? null : base64(row.lane),
    idempotency: row.idempotency === null ? null : base64(row.idempotency),
    state: base64(row.state),
    payload: row.payload === null ? null : base64(row.payload),
  }));
}

/** One quarantined row, as it was before. */
export function quarantineRow(tables: Tables, seq: number): QuarantineRow | undefined {
  return quarantineRows(tables, seq - 1, 1).find((row) => row.seq === seq);
}

/** The state and payload of a quarantined row, opened with the columns it had; or the code of its fault. */
export function opensTo(
  { seals }: Pick<Tables, 'seals'>,
  row: QuarantineRow,
): ({ readonly row: OperationRow } & OpenedRow) | { readonly code: string } {
  const { standing, waits_for } = row;
  if (standing === null || waits_for === null) return { code: UNTOLD };
  const before: OperationRow = { ...row, standing, waits_for };
  try {
    return { row: before, ...seals.openRow(before) };
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    return { code: error.code === 'HF_INTERNAL' ? UNTOLD : error.code };
  }
}

function quarantineRows(tables: Tables, afterSeq: number, limit: number): QuarantineRow[] {
  return tables.statements.quarantined.all(afterSeq, limit) as QuarantineRow[];
}

/** The code in the plain column, which anybody may have written; an unknown one says nothing. */
function codeOf({ code }: QuarantineRow): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? UNTOLD;
}

function stoodOf({ standing }: QuarantineRow): Standing | null {
  return standing === null ? null : (STANDINGS.get(standing) ?? null);
}

function hexOf(tag: Uint8Array): string {
  return Buffer.from(tag).toString('hex');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
