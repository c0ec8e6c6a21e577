/**
 * The mark of a store in its own file: its id, its last owner and place, and whether it is held. One seal binds all of
 * it. So a wrong key is noticed at once, before any row fails to open; a hold can't be removed without the mark, which
 * must be there; and the mark of a copied store names another place, and holds it (docs/decisions/0056).
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import {
  type AnchorMark,
  type AnchorVerdict,
  anchorRecord,
  anchorVerdict,
  type CommittedRoot,
} from '../../port/anchor.ts';
import type { Query } from '../../port/questions.ts';
import type { Hold } from '../../port/review.ts';
import { openDatabase } from '../driver/library.ts';
import type { LastOwner } from '../file/fence.ts';
import { fileIdentity } from '../file/fence.ts';
import { createMutations } from '../mutations/mutations.ts';
import { RecordSet, THE_MARK } from '../seals/recordSet.ts';
import type { RowSeals } from '../seals/rowSeals.ts';
import { SQL } from './statements.ts';
import type { Tables } from './tables.ts';

/** The sealed content of the mark. */
export interface StoreMark {
  /** Grows with each change of the mark. */
  readonly epoch: number;
  /** The last owner; `null` in a store that had none yet. */
  readonly owner: LastOwner | null;
  /** Why nothing in the store may run. */
  readonly hold: Hold | null;
  readonly anchor: KeptAnchorMark;
}

/** State of the anchor as JSON, with the tag in base64. */
interface KeptAnchorMark extends Pick<AnchorMark, 'isKept'> {
  readonly since: { readonly epoch: number; readonly tag: string } | null;
}

const NEW_MARK: StoreMark = {
  ...{ epoch: 0, owner: null, hold: null },
  anchor: { isKept: false, since: null },
};

/** A commit as the mark keeps it. */
export function sinceOf({ epoch, tag }: CommittedRoot): KeptAnchorMark['since'] {
  return { epoch, tag: Buffer.from(tag).toString('base64') };
}

/** What the mark says of the anchor. */
function anchorMark(tables: Tables): AnchorMark {
  const { isKept, since } = readMark(tables).anchor;
  return {
    isKept,
    since: since && { epoch: since.epoch, tag: Buffer.from(since.tag, 'base64') },
  };
}

/** See {@link AnchorStore.anchorRecord}. */
export function recordForAnchor(tables: Tables): string {
  return anchorRecord(storeIdIn(tables), tables.set.root, signedBy(tables));
}

/** See {@link AnchorStore.compareAnchor}. */
export function compareAnchor(tables: Tables, { found }: Query<'compareAnchor'>): AnchorVerdict {
  return anchorVerdict(found, {
    ...{ storeId: storeIdIn(tables), mark: anchorMark(tables) },
    ...{ root: tables.set.root, sign: signedBy(tables) },
  });
}

function storeIdIn({ statements, path }: Tables): string {
  const row = statements.mark.get() as { readonly store_id: Uint8Array } | undefined;
  if (row === undefined) throw lost(path);
  return hexOf(row.store_id);
}

function signedBy({ seals }: Tables): (text: string) => Uint8Array {
  return (text) => seals.textTag('anchor', text);
}

/** Writes the mark of a new store, and begins its set of records. */
export function beginStore(
  db: Database.Database,
  seals: RowSeals,
  { storeId, path }: { readonly storeId: string; readonly path: string },
): void {
  const mutations = createMutations(db, new RecordSet(db, seals, path));
  mutations.beginSet();
  mutations.insertMark(Buffer.from(storeId, 'hex'), seals.keyId, sealed(seals, NEW_MARK));
  mutations.writeSet();
}

/** @throws HoldfastError `HF_STORE_CORRUPT` where it is gone or was changed. */
export function readMark({ statements, seals, path }: Tables): StoreMark {
  const row = statements.mark.get() as { readonly seal: Uint8Array } | undefined;
  if (row === undefined) throw lost(path);
  return opened(seals, row.seal, path);
}

function opened(seals: RowSeals, seal: Uint8Array, path: string): StoreMark {
  try {
    return { ...NEW_MARK, ...(JSON.parse(seals.openMark(seal)) as StoreMark) };
  } catch (error) {
    if (isHoldfastError(error)) throw changed(path, error);
    throw error;
  }
}

/**
 * Writes a copy's place into the mark of that copy of the store's file, which is about to replace a lost file. The copy
 * must have no connection, and be synced afterwards.
 */
export function moveMark(copyPath: string, seals: RowSeals): void {
  const db = openDatabase(copyPath, { fileMustExist: true });
  try {
    // No process takes the copy for complete before this is done.
    db.pragma('journal_mode = OFF');
    const row = db.prepare<[], { readonly seal: Uint8Array }>(SQL.mark).get();
    if (row === undefined) throw lost(copyPath);
    const { epoch, owner, ...rest } = opened(seals, row.seal, copyPath);
    const moved = owner === null ? null : { ...owner, place: fileIdentity(copyPath) };
    const mutations = createMutations(db, new RecordSet(db, seals, copyPath));
    writeMark({ mutations, seals }, { ...rest, epoch: epoch + 1, owner: moved });
    mutations.writeSet();
  } finally {
    db.close();
  }
}

/** Changes fields of the mark. */
export function changeMark(tables: Tables, change: Partial<Omit<StoreMark, 'epoch'>>): void {
  const before = readMark(tables);
  writeMark(tables, { ...before, ...change, epoch: before.epoch + 1 });
}

/**
 * Seals the mark again, so that the WAL begins with it: the WAL of another store is recognised by that before it is
 * copied in. SQLite leaves out a write that changes no byte.
 */
export function renewMark(tables: Tables): void {
  writeMark(tables, readMark(tables));
}

/** Replaces the mark. */
export function writeMark(
  { mutations, seals }: Pick<Tables, 'mutations' | 'seals'>,
  mark: StoreMark,
): void {
  mutations.updateMark(seals.keyId, sealed(seals, mark));
}

/**
 * @throws HoldfastError `HF_KEY_WRONG` when the file belongs to another keyring, `HF_KEY_UNKNOWN`,
 * `HF_STORE_CORRUPT` when the mark was changed.
 */
export function checkMark(
  db: Database.Database,
  seals: RowSeals,
  { storeId, path }: { readonly storeId: string; readonly path: string },
): void {
  const mark = db
    .prepare<[], { store_id: Uint8Array; seal: Uint8Array }>('SELECT store_id, seal FROM meta')
    .get();
  if (mark === undefined) throw lost(path);
  if (hexOf(mark.store_id) !== storeId) {
    throw new HoldfastError(
      'HF_KEY_WRONG',
      `The store at ${path}, or the -wal beside it, belongs to another keyring than the one beside it. Nothing was changed. Move the -wal away if it was put there, or restore all from the same backup.`,
      { path },
    );
  }
  try {
    seals.openMark(mark.seal);
  } catch (error) {
    if (isHoldfastError(error) && error.code.startsWith('HF_KEY_')) {
      throw new HoldfastError(
        error.code,
        `The store at ${path} was made with another key. Restore its keyring from a backup.`,
        { path, cause: error },
      );
    }
    throw changed(path, error);
  }
  if (!new RecordSet(db, seals, path).holds('mark', THE_MARK, mark.seal)) throw changed(path);
}

/**
 * The store's id in the file, 32 hex digits, in the clear: only the key proves it.
 *
 * @throws HoldfastError `HF_STORE_CORRUPT` where the mark is gone.
 */
export function storeIdOf(db: Database.Database, path: string): string {
  const id = db.prepare<[], Uint8Array>('SELECT store_id FROM meta').pluck().get();
  if (id === undefined) throw lost(path);
  return hexOf(id);
}

function hexOf(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}

function sealed(seals: RowSeals, mark: StoreMark): Uint8Array {
  return seals.sealMark(JSON.stringify(mark));
}

function lost(path: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `The store at ${path} has lost its mark. Restore it from a backup.`,
    { path },
  );
}

function changed(path: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `The mark of the store at ${path} was changed: restore a backup.`,
    { path, cause },
  );
}
