/**
 * An example app in a folder of its own, outside the repository, with holdfast installed from its tarball by
 * npm, as a user has it.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const INSTALL_MS_MAX = 240_000;
/** What npm says when it can't ask a registry, and has not in its cache what it needs. */
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED|ENETUNREACH/;

export interface Ran {
  readonly exitCode: number;
  /** What it said on standard output and error. */
  readonly said: string;
}

/** Runs npm in the folder, as a person there would: of the npm that runs these tests it inherits nothing. */
export async function npm(
  folder: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<Ran> {
  const own =
    /^(npm_(package|lifecycle|config_local_prefix|command|execpath)|INIT_CWD|NODE_ENV|VITEST)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
  try {
    const { stdout, stderr } = await promisify(execFile)('npm', args, {
      cwd: folder,
      env,
      timeout: timeoutMs,
      maxBuffer: 16 * 1_048_576,
    });
    return { exitCode: 0, said: `${stdout}${stderr}` };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    return { exitCode: typeof code === 'number' ? code : 1, said: `${stdout}${stderr}` };
  }
}

/**
 * Copies an example into `target`, which must not be there yet, and installs it with the tarball. What npm has
 * in its cache it takes from there.
 *
 * @throws Error naming what can't be had where no registry can be reached.
 */
export async function installExample(name: string, tarball: string, target: string): Promise<void> {
  const strangers = /[\\/](node_modules|dist)$/;
  cpSync(resolve('examples', name), target, {
    recursive: true,
    filter: (path) => !strangers.test(path),
  });
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball];
  const { exitCode, said } = await npm(target, args, INSTALL_MS_MAX);
  if (exitCode === 0) return;
  const manifest = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Readonly<Record<string, string>> | undefined
  >;
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter(([dependency]) => dependency !== 'holdfast')
    .map(([dependency, version]) => `${dependency}@${version}`);
  throw new Error(
    UNREACHABLE.test(said)
      ? `The example ${name} needs ${wanted.join(', ')}, the dependencies of holdfast, and what these need. ` +
          'npm does not have all of it in its cache, and no registry can be reached. Run it once where one ' +
          `can be, or fill the cache with npm cache add. npm said:\n${said}`
      : `npm could not install the example ${name}:\n${said}`,
  );
}
