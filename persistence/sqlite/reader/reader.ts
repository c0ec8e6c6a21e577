/**
 * Answers questions beside the writer, over a connection of its own that only reads: no answer waits for a commit or a
 * sync. It changes nothing; what it can't answer by that is for the writer, which quarantines, reports and tries again.
 *
 * @module
 */

import { type BigIntStats, statSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import type { CryptoEngine } from '../../sealing/cryptoEngine.ts';
import { createSealer, type Sealer } from '../../sealing/recordSealer.ts';
import { openDatabase } from '../driver/library.ts';
import type { ReadRequest, Reply, StoreKey } from '../protocol/requests.ts';
import { answerRead } from '../rows/rowReads.ts';
import { type Tables, tablesOn } from '../rows/tables.ts';
import { inspectSchema } from '../schema/schema.ts';
import { createRowSeals, type RowSeals } from '../seals/rowSeals.ts';
import { DATA_FILE_NAME } from '../writer/writer.ts';

/** 2 MiB of pages: what is shown is read once. */
const CACHE_KIBIBYTES = 2 * 1_024;

interface Connection {
  readonly db: Database.Database;
  readonly tables: Tables;
  readonly begin: Database.Statement;
  readonly end: Database.Statement;
  readonly file: BigIntStats;
}

export class Reader {
  readonly #path: string;
  readonly #sealer: Sealer;
  readonly #seals: RowSeals;
  /** `null` until the first question, and after a failure until the next one. */
  #connection: Connection | null = null;

  /** @param key is wiped */
  constructor(folder: string, { storeId, keyId, storeKey }: StoreKey, engine: CryptoEngine) {
    this.#path = join(folder, DATA_FILE_NAME);
    this.#sealer = createSealer({ engine, storeKey, keyId, storeId });
    storeKey.fill(0);
    this.#seals = createRowSeals(this.#sealer, storeId);
  }

  /** Answers the questions as of one moment; `null` for each that the writer has to be asked. Never throws. */
  answer(requests: readonly ReadRequest[]): readonly (Reply | null)[] {
    try {
      const { tables, begin, end } = this.#connect();
      begin.run();
      try {
        return requests.map((request) => answerOne(tables, request));
      } finally {
        end.run();
      }
    } catch {
      this.#disconnect();
      return requests.map(() => null);
    } finally {
      this.#seals.endBatch();
    }
  }

  close(): void {
    this.#disconnect();
    this.#sealer.wipe();
  }

  /** The connection to the file that is there now: another may have taken its place since. */
  #connect(): Connection {
    const file = statSync(this.#path, { bigint: true });
    const present = this.#connection;
    if (present !== null && present.file.ino === file.ino && present.file.dev === file.dev) {
      return present;
    }
    this.#disconnect();
    const db = openDatabase(this.#path, { readonly: true, fileMustExist: true, timeout: 0 });
    try {
      db.pragma('trusted_schema = OFF');
      db.pragma('cell_size_check = ON');
      db.pragma('mmap_size = 0');
      db.pragma(`cache_size = ${-CACHE_KIBIBYTES}`);
      inspectSchema(db, this.#path);
      const tables = tablesOn(db, this.#path, this.#seals);
      const [begin, end] = [db.prepare('BEGIN'), db.prepare('COMMIT')];
      this.#connection = { db, tables, begin, end, file };
      return this.#connection;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = null;
    try {
      connection?.db.close();
    } catch {
      // It has read only.
    }
  }
}

function answerOne(tables: Tables, request: ReadRequest): Reply | null {
  try {
    return { value: answerRead(tables, request) };
  } catch {
    return null;
  }
}
