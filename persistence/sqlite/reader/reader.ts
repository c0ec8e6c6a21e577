/**
 * Answers questions beside the writer, over a connection of its own that only reads: no answer waits for a commit or a
 * sync. It changes nothing; what it can't answer by that is for the writer, which quarantines, reports and tries again.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import type { CryptoEngine } from '../../sealing/cryptoEngine.ts';
import { createSealer, type Sealer } from '../../sealing/recordSealer.ts';
import { openDatabase } from '../driver/library.ts';
import { fileIdentity } from '../file/fence.ts';
import type { ReaderOptions, ReadRequest, Reply } from '../protocol/requests.ts';
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
}

export class Reader {
  readonly #path: string;
  readonly #file: string;
  readonly #sealer: Sealer;
  readonly #seals: RowSeals;
  /** `null` until the first question, and while it can't be had. */
  #connection: Connection | null = null;

  constructor({ folder, file, key }: Omit<ReaderOptions, 'sealing'>, engine: CryptoEngine) {
    const { storeId, keyId, storeKey } = key;
    this.#path = join(folder, DATA_FILE_NAME);
    this.#file = file;
    this.#sealer = createSealer({ engine, storeKey, keyId, storeId });
    storeKey.fill(0);
    this.#seals = createRowSeals(this.#sealer, storeId);
  }

  /** Answers the questions as of one moment; `null` for each that the writer has to be asked. Never throws. */
  answer(requests: readonly ReadRequest[]): readonly (Reply | null)[] {
    try {
      const { tables, begin, end } = this.#connect();
      begin.run();
      tables.set.reset();
      tables.audit.reset();
      try {
        return requests.map((request) => answerOne(tables, request));
      } finally {
        end.run();
      }
    } catch {
      this.release();
      return requests.map(() => null);
    } finally {
      this.#seals.endBatch();
    }
  }

  close(): void {
    this.release();
    this.#sealer.wipe();
  }

  /**
   * The connection to the file that the writer has open. To open another in its place would take the writer's locks for
   * those of a dead process, and make a -wal where that is missing.
   *
   * @throws Error where it is not there, or not the same.
   */
  #connect(): Connection {
    if (fileIdentity(this.#path) !== this.#file) throw new Error('Another file is there.');
    if (this.#connection !== null) return this.#connection;
    if (!existsSync(`${this.#path}-wal`)) throw new Error('The -wal is not there.');
    const db = openDatabase(this.#path, { readonly: true, fileMustExist: true, timeout: 0 });
    try {
      db.pragma('trusted_schema = OFF');
      db.pragma('cell_size_check = ON');
      db.pragma('mmap_size = 0');
      db.pragma('temp_store = MEMORY');
      db.pragma(`cache_size = ${-CACHE_KIBIBYTES}`);
      inspectSchema(db, this.#path);
      const tables = tablesOn(db, this.#path, this.#seals);
      const [begin, end] = [db.prepare('BEGIN'), db.prepare('COMMIT')];
      this.#connection = { db, tables, begin, end };
      return this.#connection;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Closes the connection, until the next question. */
  release(): void {
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
