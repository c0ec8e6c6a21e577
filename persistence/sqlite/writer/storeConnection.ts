/**
 * A connection to a store's file with what reading and writing its rows needs.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import type { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { QuarantinedRow } from '../../port/store.ts';
import type { Opened } from '../file/connection.ts';
import { openFile } from '../file/connection.ts';
import { ForeignWrites } from '../file/fence.ts';
import type { Migration } from '../migrations/migrate.ts';
import { migrate } from '../migrations/migrate.ts';
import { createMutations } from '../mutations/mutations.ts';
import type { KnownRows, LanesLeft } from '../rows/knownRows.ts';
import { createSelfChecks } from '../rows/probes.ts';
import { createSearchStatements } from '../rows/searchStatements.ts';
import { prepareStatements } from '../rows/statements.ts';
import { checkMark, insertMark } from '../rows/storeMark.ts';
import type { Tables } from '../rows/tables.ts';
import { SCHEMA_VERSION } from '../schema/schema.ts';
import type { RowSeals } from '../seals/rowSeals.ts';

export interface Connection extends Pick<Opened, 'db' | 'fold' | 'close' | 'wasLeftOpen'> {
  readonly tables: Tables;
  readonly begin: Database.Statement;
  readonly commit: Database.Statement;
  readonly foreignWrites: ForeignWrites;
  /** False until the first write on this connection. */
  hasBegun: boolean;
}

export interface Connected {
  readonly connection: Connection;
  readonly created: boolean;
  readonly migration: Migration | null;
}

export interface ConnectionParts {
  readonly path: string;
  readonly storeId: string;
  readonly seals: RowSeals;
  readonly known: KnownRows;
  readonly lanesLeft: LanesLeft;
  readonly distrusted: Set<string>;
  readonly unreadable: Set<number>;
  readonly unreadableKept: Set<number>;
  readonly onNotice: (notice: HoldfastError) => void;
  readonly onQuarantine: (row: QuarantinedRow) => void;
}

/**
 * Opens the store's file, makes it if missing and migrates an older one, as the options say.
 *
 * @throws HoldfastError as {@link openFile} and {@link checkMark}.
 */
export function connectStore(
  { path, storeId, seals, ...remembered }: ConnectionParts,
  options: { readonly create: boolean; readonly isNew: boolean },
): Connected {
  const opened = openFile(path, {
    ...options,
    seed: (fresh) => insertMark(fresh, seals, storeId),
    verify: (found) => {
      checkMark(found, seals, { storeId, path });
    },
  });
  const { db, created, version, wasLeftOpen } = opened;
  try {
    let migration: Migration | null = null;
    if (version < SCHEMA_VERSION) {
      opened.fold();
      migration = migrate(db, seals, path, version);
    }
    const connection: Connection = {
      db,
      tables: {
        path,
        statements: prepareStatements(db),
        mutations: createMutations(db),
        checks: createSelfChecks(db),
        searches: createSearchStatements(db),
        inTransaction: () => db.inTransaction,
        seals,
        ...remembered,
      },
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      foreignWrites: new ForeignWrites(db),
      wasLeftOpen,
      hasBegun: false,
      fold: () => opened.fold(),
      close: () => opened.close(),
    };
    return { connection, created, migration };
  } catch (error) {
    opened.close();
    throw error;
  }
}
