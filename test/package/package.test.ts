import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const EXACT = /^\d+\.\d+\.\d+$/;

test('UX-1 tools are pinned exactly, and so is the one dependency whose next version crashes', () => {
  const loose = Object.entries(manifest.devDependencies).filter(([, range]) => !EXACT.test(range));
  expect(loose).toEqual([]);
  expect(manifest.dependencies['better-sqlite3']).toBe('12.11.1');
});

test('UX-1 an app can share its own xstate: the range takes later minor versions', () => {
  expect(manifest.dependencies['xstate']).toMatch(/^\^5\./);
});

describe('UX-1 what is published (of the last build)', () => {
  let packed: readonly string[] = [];

  beforeAll(() => {
    // Without scripts: packing must not build again beneath the other tests.
    const report = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [content] = JSON.parse(report) as readonly { files: readonly { path: string }[] }[];
    packed = (content?.files ?? []).map(({ path }) => path);
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
      'dist/outsideThread.js',
      'dist/backupThread.js',
      'dist/demoRuntimeProcess.js',
      'dist/drillProcess.js',
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
    const strangers = /^(test|bench|\.ci|node_modules|dist\/tree)\/|tsbuildinfo/;
    expect(packed.filter((path) => strangers.test(path))).toEqual([]);
  });

  test('UX-1 neither is the crypto engine that only tests use, nor what it needs', () => {
    const built = packed.filter((path) => path.endsWith('.js'));
    expect(built.filter((path) => readFileSync(path, 'utf8').includes('@noble/'))).toEqual([]);
    const needed = Object.keys(manifest.dependencies);
    expect(needed.filter((name) => name.startsWith('@noble/'))).toEqual([]);
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
