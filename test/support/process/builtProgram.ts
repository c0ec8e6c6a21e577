/**
 * The program as JavaScript, for tests that start it as a real process: Node runs no TypeScript.
 *
 * Only what changed is translated, one file at a time and without judging types, which is the
 * business of `npm run verify`.
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
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'rolldown/utils';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGE = join(ROOT, 'node_modules/.cache/holdfast');
/** The page of the inspector, as `npm run build` makes it, and who looks for it beside his file. */
const PAGE = { built: 'dist/inspector', place: 'src/inspect/inspector' };
const FOLDERS = ['machines', 'persistence', 'actors', 'inspector', 'src'];

/** Translates what changed since the last call and returns the folder that stands for `dist/`. */
export function builtProgram(): string {
  const dist = join(PACKAGE, 'dist');
  mkdirSync(dist, { recursive: true });
  const manifest = join(ROOT, 'package.json');
  if (isNewer(manifest, join(PACKAGE, 'package.json'))) {
    write(join(PACKAGE, 'package.json'), readFileSync(manifest, 'utf8'));
  }
  for (const folder of FOLDERS) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.ts')) translate(join(ROOT, folder, file), join(dist, folder, file));
    }
  }
  copyPage(join(ROOT, PAGE.built), join(dist, PAGE.place));
  return dist;
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
