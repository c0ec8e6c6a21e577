import { describe, expect, test } from 'vitest';
import { findAll, repositoryFiles, withoutComments } from './repository.ts';

/** The length of a large class. A smaller file is split where its subject ends. Charts have a lower limit of their own. */
const FILE_LINES_MAX = 600;

/** The only files that may read what XState keeps to itself, so that an upgrade breaks no other. */
const ENGINE_MODULES = ['actors/charts/actorSystem.ts', 'actors/charts/leanActor.ts'];

const ASKS_FOR_PERMIT = /\.tryEnter\(/;

/** Whether the first thing in a file is a comment that says something and ends in `@module`. */
function hasHeader(text: string): boolean {
  const [, comment] = /^(?:#!.*\n)?\/\*\*((?:(?!\*\/)[\s\S])*)\*\//.exec(text) ?? [];
  return comment !== undefined && /\w[^]*\n \*\n \* @module\n $/.test(comment);
}

const files = repositoryFiles();
const sources = files.filter(({ path }) => /\.(tsx?|cjs|mjs)$/.test(path));
const product = sources
  .filter(({ path }) => /^(machines|persistence|actors|inspector|src|tools)\//.test(path))
  .map(({ path, text }) => ({ path, text: withoutComments(text) }));

describe('OB-3 the house rules of files', () => {
  test('OB-3 the rules read something', () => {
    expect(product.length).toBeGreaterThan(20);
  });

  test('OB-3 no file is larger than one thing', () => {
    const large = sources
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > FILE_LINES_MAX);
    expect(large).toEqual([]);
  });

  test('OB-3 every file begins with a header that names its subject', () => {
    const own = /^(machines|persistence|actors|inspector|src|tools|test|bench)\/.*\.tsx?$/;
    const others = /\.test\.ts$|\/fixtures\//;
    const bare = sources.filter(
      ({ path, text }) => own.test(path) && !others.test(path) && !hasHeader(text),
    );
    expect(bare.map(({ path }) => path)).toEqual([]);
  });

  test('OB-3 no file is a drawer of types', () => {
    expect(sources.map(({ path }) => path).filter((path) => /(^|\/)types\.ts$/.test(path))).toEqual(
      [],
    );
  });

  test('OB-3 time enters through the Clock only, also where the linter does not look', () => {
    const readers = product.filter(({ path }) => path !== 'actors/platform/systemClock.ts');
    expect(findAll(readers, /\bnew Date\(\s*\)|(?<![\w.])Date\(\s*\)/)).toEqual([]);
  });

  test('OB-3 two modules know what XState keeps to itself', () => {
    const others = product.filter(({ path }) => !ENGINE_MODULES.includes(path));
    const internals = /\._[a-z]\w*|\bactorScope\b|\bscope\.(self|system|defer|emit|stopChild)\b/;
    expect(findAll(others, internals)).toEqual([]);
    expect(findAll(others, /from 'xstate\/(dist|dev)/)).toEqual([]);
  });

  test('UX-1 no file names a place of one machine or a package registry', () => {
    const own = /^test\/conventions\/tidy\.test\.ts$/;
    const read = files.filter(({ path }) => !own.test(path));
    expect(findAll(read, /(^|[\s"'`(=:])\/(work|root|home\/\w|Users)\//)).toEqual([]);
    expect(findAll(read, /\bregistry\.[a-z]|npmjs\.(com|org)|yarnpkg\.com/)).toEqual([]);
  });

  test('UX-1 the lock file names packages and their hashes, not where they were fetched', () => {
    const lock = files.filter(({ path }) => path === 'package-lock.json');
    expect(lock).toHaveLength(1);
    expect(findAll(lock, /"resolved"/)).toEqual([]);
  });

  test('OB-3 nothing is left for later', () => {
    expect(findAll(product, /\b(TODO|FIXME|XXX)\b/)).toEqual([]);
    expect(findAll(sources, /@ts-(ignore|nocheck)|oxlint-disable(?!-next-line)/)).toEqual([
      expect.stringMatching(/^test\/conventions\/tidy\.test\.ts:/),
    ]);
  });
});

test('OB-3 control: a header comes first, says something and is marked', () => {
  const header = '/**\n * Builds tables.\n *\n * @module\n */\n';
  expect(hasHeader(`${header}\nimport a from 'a';`)).toBe(true);
  expect(hasHeader(`#!/usr/bin/env node\n${header}`)).toBe(true);
  expect(hasHeader(`import a from 'a';\n${header}`)).toBe(false);
  expect(hasHeader('/**\n * @module\n */\n')).toBe(false);
  expect(hasHeader(`/** Makes a. */\nexport const a = 1;\n${header}`)).toBe(false);
});

test('OB-3 control: comments are not code', () => {
  const source =
    "const a = 1; // new Date()\n/* new Date()\n */ const url = 'http://x'; new Date()";
  const text = withoutComments(source);
  expect(findAll([{ path: 'a.ts', text }], /new Date\(\)/)).toEqual(['a.ts:3']);
  expect(text).toContain("'http://x'");
});

test('DG-2 CB-5 permits are asked for in the room of upstreams alone, where each has one line', () => {
  const others = product.filter(({ path }) => !path.startsWith('actors/upstream/'));
  expect(findAll(product, ASKS_FOR_PERMIT).length).toBeGreaterThan(3);
  expect(findAll(others, ASKS_FOR_PERMIT)).toEqual([]);
});
