/**
 * An app's folder with the package in it, as a package manager of a user installs it from the tarball.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { cpSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { tempFolder } from '../store/tempFolder.ts';
import { type OtherNode, tool } from './tools.ts';

/** A native part takes a minute to build where nothing else runs. */
const WITHIN_MS = 900_000;
/** What SQLite needs of each Node.js: docs/how-to/install.md. */
export const SQLITE = { pinned: '12.11.1', newest: '13.2.0' } as const;

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'yarn classic';

export interface Installing {
  readonly tarball: string;
  readonly manager: PackageManager;
  readonly node: OtherNode;
  /** Which better-sqlite3: the one that holdfast asks for, or the newest by an override. */
  readonly sqlite: keyof typeof SQLITE;
  /** Takes the native part that this project has built, and builds nothing. */
  readonly takesBuilt?: boolean;
  /** What else the app depends on. */
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Installs the tarball into a new folder; its `node_modules` are as the manager lays them. */
export async function installPackage(installing: Installing): Promise<string> {
  const { tarball, manager, node, sqlite, takesBuilt = false, dependencies } = installing;
  const app = tempFolder();
  const newest = { 'better-sqlite3': SQLITE.newest };
  const overrides = sqlite === 'newest' ? newest : {};
  const manifest = {
    name: 'app',
    version: '1.0.0',
    private: true,
    type: 'module',
    dependencies: { holdfast: `file:${tarball}`, ...dependencies },
    overrides,
    resolutions: overrides,
    // npm 11 and yarn run no install script that is not allowed; pnpm has a file for both.
    allowScripts: { 'better-sqlite3': true },
    dependenciesMeta: { 'better-sqlite3': { built: true } },
  };
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest, null, 2));
  writeFileSync(join(app, 'pnpm-workspace.yaml'), pnpmSettings(overrides));
  writeFileSync(join(app, '.yarnrc.yml'), 'nodeLinker: node-modules\nenableTelemetry: false\n');
  const ignoring = takesBuilt ? ['--ignore-scripts'] : [];
  const [program, ...args] = commandOf(manager, ignoring);
  await run(program ?? '', args, { cwd: app, node });
  if (takesBuilt) {
    const built = 'node_modules/better-sqlite3/build';
    cpSync(resolve(built), join(app, built), { recursive: true });
  }
  return app;
}

/** What a finished program said. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program with this Node.js first on the path, and native modules built against its headers.
 *
 * @throws Error with all that it said, where it fails.
 */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, node }: { readonly cwd: string; readonly node: OtherNode },
): Promise<Said> {
  const env = {
    ...process.env,
    PATH: `${node.bin}${delimiter}${process.env['PATH'] ?? ''}`,
    npm_config_nodedir: node.headers,
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    CI: '',
  };
  return await new Promise<Said>((settle, reject) => {
    execFile(
      program,
      args,
      { cwd, env, timeout: WITHIN_MS, maxBuffer: 10_000_000 },
      (error, stdout, stderr) => {
        if (error === null) settle({ stdout, stderr });
        else reject(new Error(`${program} ${args.join(' ')} failed.\n${stdout}\n${stderr}`));
      },
    );
  });
}

/** The version of better-sqlite3 that holdfast finds in an app. */
export function sqliteIn(app: string): string {
  // pnpm lays a package's dependencies beside the place to which it links.
  const beside = dirname(realpathSync(join(app, 'node_modules/holdfast')));
  const file = join(beside, 'better-sqlite3/package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

function commandOf(manager: PackageManager, ignoring: readonly string[]): readonly string[] {
  switch (manager) {
    case 'npm':
      return ['npm', 'install', '--no-audit', '--no-fund', ...ignoring];
    case 'pnpm':
      // The package itself only chooses one of these.
      return [join(pnpmFolder(), 'pnpm'), 'install', ...ignoring];
    case 'yarn':
      return ['node', join(tool('@yarnpkg/cli-dist@4.18.1'), 'bin/yarn.js'), 'install'];
    case 'yarn classic':
      return ['node', join(tool('yarn@1.22.22'), 'bin/yarn.js'), 'install', '--non-interactive'];
  }
}

function pnpmFolder(): string {
  const system = process.platform === 'win32' ? 'win32' : process.platform;
  return join(dirname(tool('pnpm@12.21.0')), `@pnpm/exe.${system}-${process.arch}`);
}

function pnpmSettings(overrides: Readonly<Record<string, string>>): string {
  const lines = Object.entries(overrides).map(([name, version]) => `  ${name}: ${version}`);
  const allowed = ['allowBuilds:', '  better-sqlite3: true'];
  return [...allowed, ...(lines.length > 0 ? ['overrides:', ...lines] : [])].join('\n');
}
