import { expect, test } from 'vitest';
import { findAll, repositoryFiles, withoutComments } from './repository.ts';

/** Statements that change rows, as they would be written in a source. */
const CHANGE = /\b(INSERT( OR \w+)? INTO|REPLACE INTO|UPDATE \S+ SET|DELETE FROM|REINDEX)\b/;
/** Who may have them: the one door, and schemas and the way from earlier ones, which are never changed again. */
const DOOR = /^persistence\/sqlite\/(mutations|migrations|schema)\//;

const product = repositoryFiles()
  .filter(({ path }) => /^(machines|persistence|actors|inspector|src|tools)\/.*\.ts$/.test(path))
  .map(({ path, text }) => ({ path, text: withoutComments(text) }));

test('SE-4 SE-6 rows are changed through one door', () => {
  expect(
    findAll(
      product.filter(({ path }) => DOOR.test(path)),
      CHANGE,
    ).length,
  ).toBeGreaterThan(10);
  expect(
    findAll(
      product.filter(({ path }) => !DOOR.test(path)),
      CHANGE,
    ),
  ).toEqual([]);
});

test('SE-4 control: a statement elsewhere is found, however it is written', () => {
  const planted = [
    "db.exec('DELETE FROM operation')",
    'db.prepare(`UPDATE tally SET operations = 1`)',
    "'INSERT OR IGNORE INTO component VALUES (1)'",
    "'REINDEX operation_due'",
  ];
  const files = planted.map((text, index) => ({ path: `persistence/${index}.ts`, text }));
  expect(findAll(files, CHANGE)).toHaveLength(planted.length);
});
