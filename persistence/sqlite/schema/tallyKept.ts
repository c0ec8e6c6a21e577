/**
 * Part of the way from version 1 to 2: the file keeps count of its operations by standing, so that
 * counting them reads six rows, whatever their number (SC-1, OP-6).
 *
 * Triggers keep the count: whatever writes to an operation, and whatever a crash leaves of it, the
 * count is of what is there.
 *
 * @module
 */

import type Database from 'better-sqlite3';

export const TALLY_DDL: readonly string[] = [
  'CREATE TABLE tally (standing INTEGER PRIMARY KEY, operations INTEGER NOT NULL) STRICT',
  'INSERT INTO tally VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)',
  `CREATE TRIGGER operation_added AFTER INSERT ON operation BEGIN
    UPDATE tally SET operations = operations + 1 WHERE standing = NEW.standing;
  END`,
  `CREATE TRIGGER operation_moved AFTER UPDATE OF standing ON operation
  WHEN OLD.standing <> NEW.standing BEGIN
    UPDATE tally SET operations = operations - 1 WHERE standing = OLD.standing;
    UPDATE tally SET operations = operations + 1 WHERE standing = NEW.standing;
  END`,
  `CREATE TRIGGER operation_removed AFTER DELETE ON operation BEGIN
    UPDATE tally SET operations = operations - 1 WHERE standing = OLD.standing;
  END`,
];

export function keepTally(db: Database.Database): void {
  for (const statement of TALLY_DDL) db.exec(statement);
  db.exec(
    'UPDATE tally SET operations = ' +
      '(SELECT count(*) FROM operation WHERE operation.standing = tally.standing)',
  );
}
