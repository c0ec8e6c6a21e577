/**
 * The program as JavaScript, for tests that start it as a real process: Node runs no TypeScript.
 *
 * Only what changed is translated, one file at a time and without judging types, which is the
 * business of `npm run verify`.
 *
 * @module
 */

import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGE = join(ROOT, 'node_modules/.cache/holdfast');
const FOLDERS = ['machines', 'persistence', 'actors', 'inspector', 'src'];

/** Translates what changed since the last call and returns the folder that stands for `dist/`. */
export function builtProgram(): string {
  const dist = join(PACKAGE, 'dist');
  mkdirSync(dist, { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(PACKAGE, 'package.json'));
  for (const folder of FOLDERS) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.ts')) translate(join(ROOT, folder, file), join(dist, folder, file));
    }
  }
  return dist;
}

function translate(source: string, target: string): void {
  const output = target.replace(/\.ts$/, '.js');
  const { mtimeMs } = statSync(source);
  if ((statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0) > mtimeMs) return;
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
      inlineSourceMap: true,
    },
  });
  mkdirSync(dirname(output), { recursive: true });
  // Test files run at the same time: nobody may read half a file.
  const partial = `${output}.${process.pid}`;
  writeFileSync(partial, outputText);
  renameSync(partial, output);
}
