/**
 * What a bundle is of: the package, the commit, and what it is installed with.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitOf, git } from '../clone/clone.ts';

export interface Release {
  readonly package: string;
  readonly version: string;
  readonly commit: string;
  /** Milliseconds since the epoch. */
  readonly committedAtMs: number;
  /** Whether files differ from the commit. */
  readonly isChanged: boolean;
  readonly node: string;
  /** `sha256:…` of package-lock.json; `null` where there is none. */
  readonly lockHash: string | null;
  /** What the package installs with, by the lock file. */
  readonly dependencies: readonly { readonly name: string; readonly version: string }[];
}

interface Lock {
  readonly packages?: Readonly<
    Record<string, { readonly version?: string; readonly dev?: boolean }>
  >;
}

/** @throws HoldfastError `HF_OPTION_INVALID` where the clone has no commit. */
export async function whatItIsOf(root: string): Promise<Release> {
  const commit = await commitOf(root, 'HEAD');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version?: string;
  };
  const lock = existsSync(join(root, 'package-lock.json'))
    ? readFileSync(join(root, 'package-lock.json'), 'utf8')
    : null;
  const [seconds, status] = [
    await git(root, 'show', '--no-patch', '--format=%ct', commit),
    await git(root, 'status', '--porcelain'),
  ];
  return {
    package: manifest.name,
    version: manifest.version ?? '',
    commit,
    committedAtMs: Number(seconds ?? 0) * 1_000,
    isChanged: status !== '',
    node: process.version,
    lockHash: lock === null ? null : sha256(lock),
    dependencies: lock === null ? [] : dependenciesOf(JSON.parse(lock) as Lock),
  };
}

export function sha256(content: string | Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function dependenciesOf({ packages = {} }: Lock): Release['dependencies'] {
  return Object.entries(packages)
    .filter(([path, { dev, version }]) => path !== '' && dev !== true && version !== undefined)
    .map(([path, { version = '' }]) => ({ name: path.replace(/^.*node_modules\//, ''), version }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
