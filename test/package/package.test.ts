import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appWithPackage, filesIn, packPackage } from '../support/package/packedPackage.ts';
import { runNode } from '../support/process/runCli.ts';

interface Manifest {
  readonly name: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const KEYS_INIT = ['keys', 'init', '--key-file', './holdfast.key'];
const EXACT = /^\d+\.\d+\.\d+$/;

test('UX-1 SE-5 what ships and what makes it is pinned exactly, as the lock file has it', () => {
  const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(ranges.filter(([, range]) => !EXACT.test(range))).toEqual([]);
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version?: string }>>;
  };
  const locked = ranges.map(([name]) => [name, packages[`node_modules/${name}`]?.version]);
  expect(locked).toEqual(ranges);
});

test('UX-1 npm pack by itself packs what it has built anew', () => {
  const { scripts } = manifest as unknown as { readonly scripts: Readonly<Record<string, string>> };
  // npm would run the build before a script of that name too, and pack what is not whole.
  expect(Object.keys(scripts)).not.toContain('pack');
  expect(scripts['prepack']?.match(/(?<=--silent )[\w:]+/g)).toEqual([
    'clean',
    'build',
    'build:types',
  ]);
});

describe('UX-1 what is published (of the last build)', () => {
  let folder = '';
  let tarball = '';
  let packed: readonly string[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-packed-'));
    tarball = packPackage(folder);
    packed = filesIn(tarball);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('UX-1 the library, its types, the program, the docs and the licence are in it', () => {
    for (const path of [
      'dist/index.js',
      'dist/holdfast.d.ts',
      'dist/testing.js',
      'dist/testing.d.ts',
      'dist/cli.js',
      // Nobody imports the files of threads and processes.
      'dist/writerThread.js',
      'dist/readerThread.js',
      'dist/outsideThread.js',
      'dist/backupThread.js',
      'dist/demoRuntimeProcess.js',
      'dist/drillProcess.js',
      // The inspector's page, and what its makers ask to be told.
      'dist/inspector/index.html',
      'dist/inspector/app.js',
      'dist/inspector/app.css',
      'dist/inspector/favicon.svg',
      'dist/inspector/licences.txt',
      'docs/requirements.md',
      'docs/errors.md',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
    ]) {
      expect(packed).toContain(path);
    }
  });

  test('UX-1 tests, benches and the tools that write the docs are not', () => {
    const strangers =
      /^(test|bench\/.*\.(ts|mjs)|\.ci|node_modules|dist\/tree|docs\/api)\/?|tsbuildinfo/;
    expect(packed.filter((path) => strangers.test(path))).toEqual([]);
  });

  test('UX-1 SE-1 the portable crypto engine is, in files of its own that load where it is asked for', () => {
    const built = packed.filter((path) => path.endsWith('.js'));
    const texts = new Map(built.map((path) => [path, readFileSync(path, 'utf8')]));
    const engines = built.filter((path) => texts.get(path)?.includes('@noble/'));
    expect(engines).not.toEqual([]);
    for (const engine of engines) {
      const name = engine.split('/').at(-1) ?? '';
      const importers = [...texts.values()].filter((text) => text.includes(name));
      expect(importers).not.toEqual([]);
      expect(importers.filter((text) => !text.includes(`import("./${name}")`))).toEqual([]);
    }
  });

  test('UX-1 its manifest has what an app needs, and no scripts or tools of ours', () => {
    const app = appWithPackage(tarball);
    const published: unknown = JSON.parse(
      readFileSync(join(app, 'node_modules/holdfast/package.json'), 'utf8'),
    );
    const { scripts, devDependencies, allowScripts, ...rest } = manifest as unknown as Record<
      string,
      unknown
    >;
    expect([scripts, devDependencies, allowScripts]).not.toContain(undefined);
    expect(published).toEqual(rest);
  });

  test('UX-1 every link in its pages leads to a file in it', () => {
    const pages = packed.filter((path) => path.endsWith('.md'));
    expect(pages.length).toBeGreaterThan(50);
    const installed = join(appWithPackage(tarball), 'node_modules/holdfast');
    expect(pages.flatMap((page) => deadLinks(installed, page))).toEqual([]);
    // Control: in a clone a page leads to the sources, which the package does not have.
    cpSync('docs/ARCHITECTURE.md', join(installed, 'docs/ARCHITECTURE.md'));
    expect(deadLinks(installed, 'docs/ARCHITECTURE.md')).toContain(
      'docs/ARCHITECTURE.md → ../src/createRuntime.ts',
    );
  });

  test('UX-1 nothing that an app imports names a file in a way that bundlers follow', () => {
    const imported = new Set(['index.js']);
    for (const file of imported) {
      const text = readFileSync(join('dist', file), 'utf8');
      for (const [, next = ''] of text.matchAll(/from "\.\/([\w-]+\.js)"/g)) imported.add(next);
      // Turbopack of Next.js, for one, would bundle every file that this may name.
      expect(text, file).not.toMatch(/new Worker\(|new URL\([^,()]+, import\.meta\.url\)/);
    }
    expect(imported.size).toBeGreaterThan(3);
  });

  test('UX-1 nothing in it names a source map, and a stack trace names the source', () => {
    const built = packed.filter((path) => /^dist\/[^/]*\.js$/.test(path));
    expect(packed.filter((path) => path.endsWith('.map'))).toEqual([]);
    for (const path of built) {
      const text = readFileSync(path, 'utf8');
      expect(text, path).not.toContain('sourceMappingURL');
      expect(text, path).toMatch(/^\/\/#region (src|persistence|machines|actors)\/|^export \{/m);
    }
  });

  test('UX-1 its examples are in it and run from it', async () => {
    const app = appWithPackage(tarball);
    const holdfast = 'node_modules/holdfast';
    const cli = await runNode([`${holdfast}/dist/cli.js`, ...KEYS_INIT], { cwd: app });
    expect(cli.exitCode, cli.stderr).toBe(0);
    const examples = packed.filter((path) => path.startsWith('examples/'));
    expect(examples).toContain('examples/restart.mjs');
    for (const example of ['examples/quickstart.mjs', 'examples/restart.mjs']) {
      const { exitCode, stderr } = await runNode([`${holdfast}/${example}`], { cwd: app });
      expect(exitCode, stderr).toBe(0);
    }
  });

  test('UX-1 the program says how it is run', () => {
    const program = manifest.bin['holdfast'] ?? '';
    expect(readFileSync(program, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node');
  });

  test.each([
    ['holdfast', ['createRuntime', 'httpHandler', 'keyFile', 'passphrase', 'rawKey']],
    [
      'holdfast/testing',
      [
        'VirtualClock',
        'seededRandom',
        'createTestBed',
        'misbehavingHandler',
        'startMisbehavingUpstream',
      ],
    ],
  ])('UX-1 %s, imported by its name, gives the names of the contract', (entry, expected) => {
    const names = execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `console.log(Object.keys(await import('${entry}')).join())`],
      { encoding: 'utf8' },
    );
    expect(names.trim().split(',')).toEqual(expect.arrayContaining(expected));
  });
});

/** The links of a page in `folder` that lead to no file. */
function deadLinks(folder: string, page: string): readonly string[] {
  return [...readFileSync(join(folder, page), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(join(folder, dirname(page), target)))
    .map((target) => `${page} → ${target}`);
}
