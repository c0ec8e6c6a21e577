/**
 * The libraries that holdfast's flow control is measured beside, of the versions in the lock file here.
 * They are no dependency of the project: they are installed when a bench first asks for them.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Benches are run by npm, from the folder of the package. */
const FOLDER = join(process.cwd(), 'bench', 'goodput', 'peers');

/**
 * A peer's module, installed if it is not there.
 *
 * @param name one of the dependencies in `package.json` here.
 * @throws Error where `npm ci` fails.
 */
export async function peer<T>(name: string): Promise<T> {
  if (!existsSync(join(FOLDER, 'node_modules'))) install();
  const resolve = createRequire(join(FOLDER, 'package.json')).resolve;
  const module: unknown = await import(pathToFileURL(resolve(name)).href);
  return module as T;
}

function install(): void {
  process.stderr.write('Installing the peers (npm ci in bench/goodput/peers) …\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('npm ci failed in bench/goodput/peers.');
}
