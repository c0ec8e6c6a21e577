/** Tables and the people whom their rows are about: each row of a person is found without opening one (docs/decisions/0297). */

import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { createSchema, tablesOf } from '../../../../persistence/sqlite/schema/schema.ts';

const db = new Database(':memory:');
createSchema(db);
afterAll(() => db.close());

/** Tables whose rows have the fingerprint of a person. */
const BY_SUBJECT = ['operation', 'kept', 'crisis_mode', 'crisis_plan'];
/** Tables whose rows have the number of an operation. */
const BY_OPERATION = ['payload', 'quarantine', 'tagged'];
/** The audit: entries have handles in place of people, and each handle is found by its person. */
const AUDIT = ['audit', 'audit_person'];
/** Tables with nothing of a person. */
const OF_NOBODY = ['component', 'integrity', 'meta', 'tally', 'waiting'];

/** Columns that hold what is sealed. */
const SEALED: ReadonlySet<string> = new Set(['state', 'seal', 'envelope']);

interface Column {
  readonly name: string;
  readonly notnull: number;
}

const columnsOf = (table: string): readonly Column[] =>
  db.pragma(`table_info(${table})`) as readonly Column[];

const planOf = (table: string, column: string): string => {
  const sql = `EXPLAIN QUERY PLAN SELECT * FROM ${table} WHERE ${column} = ?`;
  const steps = db.prepare<[string], { readonly detail: string }>(sql).all('x');
  return steps.map(({ detail }) => detail).join('; ');
};

test('SE-2 each table is known to be about people or about nobody', () => {
  expect([...BY_SUBJECT, ...BY_OPERATION, ...AUDIT, ...OF_NOBODY].toSorted()).toEqual(
    tablesOf(db).toSorted(),
  );
});

describe('SE-2 SC-1 the rows of a person are found by an index', () => {
  test.each<[table: string, column: string]>([
    ...BY_SUBJECT.map((table): [string, string] => [table, 'subject']),
    ...BY_OPERATION.map((table): [string, string] => [table, 'seq']),
    ['audit_person', 'tag'],
  ])('%s by its %s', (table, column) => {
    expect(planOf(table, column)).toMatch(new RegExp(`^SEARCH ${table} USING [^;]*=\\?\\)$`));
  });
});

test.each(tablesOf(db).filter((table) => columnsOf(table).some(({ name }) => SEALED.has(name))))(
  'SE-2 a row of %s says which key sealed it',
  (table) => {
    expect(columnsOf(table)).toContainEqual(
      expect.objectContaining({ name: 'key_id', notnull: 1 }),
    );
  },
);
