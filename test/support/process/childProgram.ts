/**
 * Compiles TypeScript of tests so that a child process can run it.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asJavaScript, builtProgram } from './builtProgram.ts';

const TESTS = fileURLToPath(new URL('../..', import.meta.url));
const programs = new Map<string, string>();

/**
 * The file to start as a child process: `program` as JavaScript beside the built program, with the
 * other files of `test/` that it needs, since Node runs no TypeScript. A
 * program that is JavaScript already is started as it is.
 */
export function childProgram(program: URL, others: readonly URL[]): string {
  if (!program.pathname.endsWith('.ts')) return fileURLToPath(program);
  const known = programs.get(program.href);
  if (known !== undefined) return known;
  const [built = ''] = [program, ...others].map(translate);
  programs.set(program.href, built);
  return built;
}

function translate(url: URL): string {
  const source = fileURLToPath(url);
  // As deep as in the repository, so that imports of it and of its neighbours lead where they should.
  const place = relative(TESTS, dirname(source));
  const folder = join(builtProgram(), `test-${process.pid}`, place);
  mkdirSync(folder, { recursive: true });
  const target = join(folder, basename(source).replace(/\.ts$/, '.js'));
  writeFileSync(target, asJavaScript(source));
  return target;
}
