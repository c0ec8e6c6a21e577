/**
 * The schema of version 6. A released schema is never edited: a change of it is the next version.
 *
 * It has the tables of version 5, and one by which operations are found that have a tag (docs/decisions/0155).
 *
 * @module
 */

import { DDL_V5 } from './schemaV5.ts';

/**
 * `tag` is a keyed fingerprint. Triggers keep it in step with what becomes of an operation, so an operation without
 * tags costs an acceptance nothing, and whatever takes one away takes its tags.
 */
export const TAG_TABLES: readonly string[] = [
  `CREATE TABLE tagged (
    tag BLOB NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tag, seq)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX tagged_seq ON tagged (seq)',
  `CREATE TRIGGER operation_untagged AFTER DELETE ON operation BEGIN
    DELETE FROM tagged WHERE seq = OLD.seq;
  END`,
  `CREATE TRIGGER operation_retagged AFTER UPDATE OF seq ON operation WHEN OLD.seq <> NEW.seq BEGIN
    UPDATE tagged SET seq = NEW.seq WHERE seq = OLD.seq;
  END`,
];

export const DDL_V6: readonly string[] = [...DDL_V5, ...TAG_TABLES];
