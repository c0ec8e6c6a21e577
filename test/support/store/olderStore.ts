/**
 * Stores of the made-up earlier version, made of stores of the present one.
 *
 * @module
 */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { WAITING_TABLES } from '../../../persistence/sqlite/schema/schemaV1.ts';

const MADE = /^CREATE TABLE (\w+)/;

/** Takes a store that is closed back to the version before the present one. */
export function makeOlder(folder: string): void {
  const db = new Database(join(folder, 'data.db'));
  for (const statement of WAITING_TABLES.toReversed()) {
    const [, name] = MADE.exec(statement) ?? [];
    db.exec(`DROP TABLE ${name}`);
  }
  db.pragma('user_version = 0');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}
