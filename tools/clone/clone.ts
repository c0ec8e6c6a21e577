/**
 * The git clone of holdfast that a command is run in: what is reviewed and approved is in its files and history,
 * which an installed package does not have.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { valueOption } from '../../src/cli/kit/command.ts';

const run = promisify(execFile);
/** The longest file of a revision, and list of them. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface CloneOptions {
  readonly clone?: string;
}

/** `--clone`, for commands that need one. */
export function cloneOption() {
  return valueOption(
    '--clone <dir>',
    'git clone of holdfast; else the one that the command is run in',
  );
}

/** The root of the clone. @throws HoldfastError `HF_OPTION_INVALID` where there is none. */
export function cloneRoot({ clone }: CloneOptions): string {
  const start = resolve(clone ?? '.');
  for (let folder = start; ; folder = dirname(folder)) {
    if (isClone(folder)) return folder;
    if (folder === dirname(folder) || clone !== undefined) break;
  }
  throw new HoldfastError(
    'HF_OPTION_INVALID',
    `This needs a git clone of holdfast, and ${start} is in none: an installed package has neither its sources nor their history. Run it in a clone, or give --clone DIR.`,
    { field: '--clone' },
  );
}

/** What git prints; `null` where it says no. */
export async function git(root: string, ...parameters: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await run('git', [...parameters], {
      cwd: root,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    return stdout;
  } catch {
    return null;
  }
}

/** The commit that a name stands for. @throws HoldfastError `HF_OPTION_INVALID` for none. */
export async function commitOf(root: string, name: string): Promise<string> {
  const found = await git(
    root,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${name}^{commit}`,
  );
  if (found !== null) return found.trim();
  const isCut = (await git(root, 'rev-parse', '--is-shallow-repository'))?.trim() === 'true';
  const why = isCut ? ' Its history is cut off: git fetch --unshallow brings the rest.' : '';
  throw new HoldfastError('HF_OPTION_INVALID', `git knows no commit ${name} here.${why}`, {
    field: 'rev',
  });
}

function isClone(folder: string): boolean {
  if (!existsSync(join(folder, '.git')) || !existsSync(join(folder, 'docs/machines'))) return false;
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return (
      typeof manifest === 'object' &&
      manifest !== null &&
      'name' in manifest &&
      manifest.name === 'holdfast'
    );
  } catch {
    return false;
  }
}
