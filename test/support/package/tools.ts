/**
 * Node.js of other versions, package managers and bundlers, brought from the npm registry when a test first asks
 * for one, and kept in node_modules/.cache. They are no dependencies of this project: few runs need them.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const CACHE = resolve('node_modules/.cache/holdfast-tools');
const WITHIN_MS = 300_000;

/**
 * The folder of a package at an exact version, as `name@version`, with what it depends on beside it. No
 * script of it is run.
 *
 * @throws Error that says how to get it, where it is not there and can't be fetched.
 */
export function tool(wanted: string): string {
  const at = wanted.lastIndexOf('@');
  const place = join(CACHE, wanted.replaceAll('/', '+'));
  const folder = join(place, 'node_modules', wanted.slice(0, at));
  if (existsSync(folder)) return folder;
  const partial = `${place}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const args = ['install', '--prefix', partial, '--no-package-lock', '--ignore-scripts'];
  try {
    execFileSync('npm', [...args, '--no-audit', '--no-fund', wanted], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: WITHIN_MS,
    });
  } catch (cause) {
    rmSync(partial, { recursive: true, force: true });
    const { stderr } = cause as { readonly stderr?: string };
    throw new Error(
      `${wanted} is not there and npm could not fetch it: ${lastError(stderr)}. Where there is a registry, ` +
        `run this again; it is kept in ${CACHE}, which may be copied from another machine.`,
      { cause },
    );
  }
  rmSync(place, { recursive: true, force: true });
  renameSync(partial, place);
  return folder;
}

/** A Node.js that is installed beside the one that runs the tests. */
export interface OtherNode {
  readonly version: string;
  /** The folder of the program. */
  readonly bin: string;
  readonly program: string;
  /** Where its headers are: what native modules are built against. */
  readonly headers: string;
}

/** Node.js of an exact version; the one that runs this is taken as it is. */
export function nodeOf(version: string): OtherNode {
  const here = dirname(process.execPath);
  if (`v${version}` === process.version) {
    return { version, bin: here, program: process.execPath, headers: dirname(here) };
  }
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const folder = tool(`node-${system}-${process.arch}@${version}`);
  const bin = join(folder, 'bin');
  return { version, bin, program: join(bin, 'node'), headers: folder };
}

function lastError(stderr = ''): string {
  const lines = stderr.split('\n').filter((line) => line.startsWith('npm error'));
  return lines[0]?.replace(/^npm error\s*/, '') ?? 'npm said nothing';
}
