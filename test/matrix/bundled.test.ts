/**
 * An app that is made one file with holdfast in it, by esbuild and by vite, in each way that people do it:
 * it works where the package is installed beside it, and says at once what to mark external where it is not.
 */

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/package/installPackage.ts';
import { appWithPackage, packPackage } from '../support/package/packedPackage.ts';
import { nodeOf, tool } from '../support/package/tools.ts';
import { tempFolder } from '../support/store/tempFolder.ts';
import { killedAndFound } from './killedAndFound.ts';

const NODE = nodeOf(process.versions.node);
const ESBUILD = 'esbuild@0.28.2';
const VITE = 'vite@8.3.8';

let folder = '';
let tarball = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-packed-'));
  tarball = packPackage(folder);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** An app with the program of the matrix, and the package in its node_modules. */
function newApp(): string {
  const app = appWithPackage(tarball);
  cpSync('test/matrix/app', app, { recursive: true });
  return app;
}

async function esbuild(app: string, ...flags: readonly string[]): Promise<void> {
  const program = join(tool(ESBUILD), 'bin/esbuild');
  const args = ['esm.mjs', '--bundle', '--platform=node', '--outdir=out', ...flags];
  await run(NODE.program, [program, ...args], { cwd: app, node: NODE });
}

async function vite(app: string, ssr: object): Promise<void> {
  const settings = {
    build: { ssr: 'esm.mjs', outDir: 'out', minify: false },
    ssr,
    logLevel: 'error',
  };
  writeFileSync(join(app, 'vite.config.mjs'), `export default ${JSON.stringify(settings)};`);
  const program = join(tool(VITE), 'bin/vite.js');
  await run(NODE.program, [program, 'build'], { cwd: app, node: NODE });
}

/** The one file that was made. */
function bundleIn(app: string): string {
  const [file, ...others] = readdirSync(join(app, 'out')).filter((name) => /\.[cm]?js$/.test(name));
  expect(others).toEqual([]);
  return join('out', file ?? '');
}

/** True where the code of holdfast is in the file. */
function holdsUs(app: string, bundle: string): boolean {
  return readFileSync(join(app, bundle), 'utf8').includes('HF_SQLITE_UNAVAILABLE');
}

describe('UX-2 a bundled app works where holdfast is installed beside it', () => {
  test.each([
    ['ESM', ['--format=esm', '--out-extension:.js=.mjs'], true],
    ['CommonJS, minified', ['--format=cjs', '--minify', '--out-extension:.js=.cjs'], true],
    ['ESM with packages external', ['--format=esm', '--packages=external'], false],
  ] as const)('UX-2 esbuild: %s', async (_, flags, isInside) => {
    const app = newApp();
    await esbuild(app, ...flags);
    const bundle = bundleIn(app);
    expect(holdsUs(app, bundle)).toBe(isInside);
    await killedAndFound(app, NODE, bundle);
  });

  test.each([
    ['with its defaults', {}, false],
    ['with everything inside', { noExternal: true }, true],
  ] as const)('UX-2 vite build for Node.js, %s', async (_, ssr, isInside) => {
    const app = newApp();
    await vite(app, ssr);
    const bundle = bundleIn(app);
    expect(holdsUs(app, bundle)).toBe(isInside);
    await killedAndFound(app, NODE, bundle);
  });
});

test("UX-2 of an app in Electron's archive the thread is started from what is unpacked", async () => {
  const app = newApp();
  const modules = join(app, 'node_modules');
  const archive = join(app, 'app.asar');
  mkdirSync(archive);
  cpSync('test/matrix/app', archive, { recursive: true });
  cpSync(modules, join(app, 'app.asar.unpacked/node_modules'), { recursive: true });
  renameSync(modules, join(archive, 'node_modules'));
  // Electron reads an archive as a folder; here it is one, without the files that lie outside it.
  rmSync(join(archive, 'node_modules/holdfast/dist/writerThread.js'));
  const gone = killedAndFound(app, NODE, 'app.asar/esm.mjs');
  await expect(gone).resolves.toBeUndefined();
});

describe('UX-2 a bundle that is taken away from the package says what to do', () => {
  async function saidBy(app: string, bundle: string): Promise<string> {
    const failed = run(NODE.program, [bundle, 'accept'], { cwd: app, node: NODE });
    return await failed.then(
      ({ stdout }) => stdout,
      (error: unknown) => String(error),
    );
  }

  test.each(['esm', 'cjs'] as const)('UX-2 copied alone, as %s', async (format) => {
    const app = newApp();
    await esbuild(
      app,
      `--format=${format}`,
      `--out-extension:.js=.${format === 'esm' ? 'm' : 'c'}js`,
    );
    const alone = tempFolder();
    mkdirSync(join(alone, 'out'));
    cpSync(join(app, bundleIn(app)), join(alone, bundleIn(app)));
    const said = await saidBy(alone, bundleIn(app));
    expect(said).toContain('HF_SQLITE_UNAVAILABLE');
    expect(said).toContain('mark holdfast and better-sqlite3 as external');
  });

  test('UX-2 beside another version: both are named', async () => {
    const app = newApp();
    await esbuild(app, '--format=esm', '--out-extension:.js=.mjs');
    const file = join(app, 'node_modules/holdfast/package.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...manifest, version: '9.9.9' }));
    expect(await saidBy(app, bundleIn(app))).toMatch(
      /bundled with holdfast \d+\.\d+\.\d+, and 9\.9\.9 is installed at .*Bundle it again/,
    );
  });
});
