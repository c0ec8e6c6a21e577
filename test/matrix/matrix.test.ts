/**
 * Where the package runs: versions of Node.js, of better-sqlite3, package managers, and both ways of an import.
 * Each cell packs nothing anew: the tarball of the last build is installed as a user would, and an app takes a
 * request, is killed, and finds it again. `--mode short` has this Node.js and the newest alone.
 */

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Installing,
  installPackage,
  type PackageManager,
  run,
  SQLITE,
  sqliteIn,
} from '../support/package/installPackage.ts';
import { packPackage } from '../support/package/packedPackage.ts';
import { nodeOf, tool } from '../support/package/tools.ts';
import { tempFolder } from '../support/store/tempFolder.ts';
import { killedAndFound, removeStore } from './killedAndFound.ts';

const HERE = process.versions.node;
const NEWEST = '26.12.1';
const isShort = process.env['MATRIX'] === 'short';

interface Cell {
  readonly node: string;
  readonly manager: PackageManager;
  readonly sqlite: Installing['sqlite'];
  readonly takesBuilt?: boolean;
}

/** better-sqlite3 13 crashes on Node.js 20; of 12.11.1 the native part is built for each Node.js. */
const SHORT: readonly Cell[] = [
  { node: HERE, manager: 'npm', sqlite: 'pinned', takesBuilt: true },
  { node: NEWEST, manager: 'npm', sqlite: 'newest' },
];
const WHOLE: readonly Cell[] = [
  { node: '20.20.2', manager: 'npm', sqlite: 'pinned' },
  { node: '22.23.3', manager: 'npm', sqlite: 'pinned' },
  { node: '24.21.0', manager: 'npm', sqlite: 'pinned' },
  { node: NEWEST, manager: 'npm', sqlite: 'pinned' },
  { node: '22.23.3', manager: 'npm', sqlite: 'newest' },
  { node: '24.21.0', manager: 'npm', sqlite: 'newest' },
  { node: NEWEST, manager: 'npm', sqlite: 'newest' },
  { node: '24.21.0', manager: 'pnpm', sqlite: 'pinned' },
  { node: '24.21.0', manager: 'yarn', sqlite: 'pinned' },
  { node: '24.21.0', manager: 'yarn classic', sqlite: 'pinned' },
  { node: NEWEST, manager: 'pnpm', sqlite: 'newest' },
  { node: NEWEST, manager: 'yarn', sqlite: 'newest' },
  { node: NEWEST, manager: 'yarn classic', sqlite: 'newest' },
];

let folder = '';
let tarball = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-packed-'));
  tarball = packPackage(folder);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('UX-2 a tool that cannot be fetched is named, with what to do about it', () => {
  vi.stubEnv('npm_config_offline', 'true');
  vi.stubEnv('npm_config_cache', tempFolder());
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  expect(() => tool('esbuild@0.28.1')).toThrow(
    /^esbuild@0\.28\.1 is not there and npm could not fetch it: .+Where there is a registry, run this again/,
  );
});

describe('UX-1 the packed package runs', () => {
  test.each(isShort ? SHORT : WHOLE)(
    'UX-1 on Node.js $node, installed by $manager, with the $sqlite better-sqlite3',
    async ({ node: version, ...cell }) => {
      const node = nodeOf(version);
      const app = await installPackage({ tarball, node, ...cell });
      expect(sqliteIn(app)).toBe(SQLITE[cell.sqlite]);
      cpSync('test/matrix/app', app, { recursive: true });
      for (const program of ['esm.mjs', 'required.cjs']) {
        await killedAndFound(app, node, program);
        const doctor = ['node_modules/holdfast/dist/cli.js', 'doctor', '--deep'];
        const { stdout } = await run(node.program, [...doctor, ...STORE], { cwd: app, node });
        expect(stdout).toContain('ok    node');
        removeStore(app);
      }
    },
  );
});

const STORE = ['--store', 'store', '--key-file', 'holdfast.key'];
