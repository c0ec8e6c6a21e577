/**
 * Compiles the C programs of the crash tests, once for each process.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const SOURCES = 'test/oracle/crash';
const BUILT = 'node_modules/.cache/holdfast-crash';

/**
 * Compiles a C file of this folder and returns the path: `recorder.c` becomes a library to preload, any other file a
 * program. Compiles again only after a change.
 *
 * @throws Error that says what is missing and how to get it.
 */
export function compiled(name: 'recorder.c' | 'powerCut.c'): string {
  if (process.platform !== 'linux') throw new Error('crash tests run on Linux only');
  const source = resolve(SOURCES, name);
  const isLibrary = name === 'recorder.c';
  const target = resolve(BUILT, basename(name, '.c') + (isLibrary ? '.so' : ''));
  if (existsSync(target) && statSync(target).mtimeMs > statSync(source).mtimeMs) return target;
  mkdirSync(BUILT, { recursive: true });
  const partial = join(BUILT, `${name}.${process.pid}`);
  const kind = isLibrary ? ['-shared', '-fPIC', '-pthread'] : [];
  try {
    execFileSync('cc', ['-O2', '-Wall', ...kind, '-o', partial, source, '-ldl'], { stdio: 'pipe' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(
      'crash tests need a C compiler and the headers of the C library: apt-get install gcc libc6-dev',
      { cause: error },
    );
  }
  renameSync(partial, target);
  return target;
}
