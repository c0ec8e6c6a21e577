/**
 * The program as JavaScript, for tests that start it as a real process: Node runs no TypeScript.
 *
 * Only what changed is translated, one file at a time and without judging types, which is the
 * business of `npm run verify`. Where the run has a set-up (buildOnce.ts), all is there before the first test.
 *
 * @module
 */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'rolldown/utils';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGE = join(ROOT, 'node_modules/.cache/holdfast');
const DIST = join(PACKAGE, 'dist');
/** The page of the inspector, as `npm run build` makes it, and who looks for it beside his file. */
const PAGE = { built: 'dist/inspector', place: 'src/inspect/inspector' };
const FOLDERS = ['machines', 'persistence', 'actors', 'inspector', 'src', 'tools'];

/** Set where the run has made all before its first test. */
export const BUILT_MARK = 'HOLDFAST_TEST_PROGRAM_IS_BUILT';

/** The folder that stands for `dist/`, with each module as a file of its own. */
export function builtProgram(): string {
  if (process.env[BUILT_MARK] === undefined) translateAll();
  return DIST;
}

/** Whether a source of the package is newer than this file of the root, or it is not there. */
export function changedSince(made: string): boolean {
  return sources().some((source) => isNewer(source, join(ROOT, made)));
}

/** Translates what changed since the last call. */
export function translateAll(): void {
  mkdirSync(DIST, { recursive: true });
  const manifest = join(ROOT, 'package.json');
  if (isNewer(manifest, join(PACKAGE, 'package.json'))) {
    write(join(PACKAGE, 'package.json'), readFileSync(manifest, 'utf8'));
  }
  for (const source of sources()) {
    if (source.endsWith('.ts')) translate(source, join(DIST, relative(ROOT, source)));
  }
  copyPage(join(ROOT, PAGE.built), join(DIST, PAGE.place));
}

function sources(): readonly string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
}

function copyPage(built: string, place: string): void {
  if (!existsSync(built)) return;
  for (const file of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
    const [source, target] = [join(built, file), join(place, file)];
    if (statSync(source).isDirectory() || !isNewer(source, target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    write(target, readFileSync(source, 'utf8'));
  }
}

/** A file of TypeScript without its types. */
export function asJavaScript(source: string): string {
  const { code, errors } = transformSync(source, readFileSync(source, 'utf8'), {
    target: 'node20.19',
    typescript: { onlyRemoveTypeImports: true, rewriteImportExtensions: 'rewrite' },
  });
  if (errors.length > 0) throw new Error(`${source}: ${errors[0]?.message}`);
  return code;
}

function translate(source: string, target: string): void {
  const output = target.replace(/\.ts$/, '.js');
  if (!isNewer(source, output)) return;
  mkdirSync(dirname(output), { recursive: true });
  write(output, asJavaScript(source));
}

function isNewer(source: string, made: string): boolean {
  const { mtimeMs } = statSync(source);
  return (statSync(made, { throwIfNoEntry: false })?.mtimeMs ?? 0) <= mtimeMs;
}

/** Test files run at the same time, and so do the processes they start: nobody may read half a file. */
function write(path: string, text: string): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, path);
}
