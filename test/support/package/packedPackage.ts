/**
 * The package as it is installed, for tests that use it as an app would: the tarball of the last build
 * (`npm run build`, `npm run build:types`), and an app's folder that has it.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { tempFolder } from '../store/tempFolder.ts';

/** Packs the last build into the folder and returns the path of the tarball. */
export function packPackage(folder: string): string {
  return execFileSync(process.execPath, ['pack.mjs', folder], { encoding: 'utf8' }).trim();
}

/** The files in a tarball, as paths inside the package. */
export function filesIn(tarball: string): readonly string[] {
  return execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
}

/**
 * A new folder of an app that has the tarball in its node_modules, with the dependencies that this
 * project has installed. It asks no registry and runs no package manager.
 */
export function appWithPackage(tarball: string): string {
  const app = tempFolder();
  const ours = join(app, 'node_modules/holdfast');
  mkdirSync(ours, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', ours, '--strip-components=1']);
  const manifest: unknown = JSON.parse(readFileSync(join(ours, 'package.json'), 'utf8'));
  const { dependencies } = manifest as { readonly dependencies: Readonly<Record<string, string>> };
  for (const name of Object.keys(dependencies)) {
    const place = join(app, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(resolve('node_modules', name), place);
  }
  writeFileSync(
    join(app, 'package.json'),
    '{ "name": "app", "private": true, "type": "module" }\n',
  );
  return app;
}
