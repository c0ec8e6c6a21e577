import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { repositoryFiles } from './repository.ts';

const { ROOMS, allowedFor } = createRequire(import.meta.url)(
  '../../.dependency-cruiser.rooms.cjs',
) as {
  /** From the ground up. */
  readonly ROOMS: readonly string[];
  /** The rooms that the files of a room may import, itself among them. */
  readonly allowedFor: (room: string) => readonly string[];
};
const CONFIG = resolve('.dependency-cruiser.cjs');
const CRUISER = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface CruiseSummary {
  readonly totalCruised: number;
  readonly violations: readonly {
    readonly from: string;
    readonly to: string;
    readonly rule: { readonly name: string };
  }[];
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function cruise(folder: string): Promise<CruiseSummary> {
  const parameters = [CRUISER, '--config', CONFIG, '--output-type', 'json', '.'];
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      parameters,
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        if (stdout === '') fail(error ?? new Error('dependency-cruiser printed nothing'));
        else done((JSON.parse(stdout) as { summary: CruiseSummary }).summary);
      },
    );
  });
}

/** A small repository with the given files, and our own packages and settings. */
function plant(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-imports-'));
  folders.push(folder);
  for (const name of ['package.json', 'tsconfig.json']) cpSync(name, join(folder, name));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

test('OB-3 imports go down the list of rooms, and the check has read the tree', async () => {
  const { totalCruised, violations } = await cruise('.');
  expect(violations.map(({ from, rule }) => `${rule.name}: ${from}`)).toEqual([]);
  expect(totalCruised).toBeGreaterThan(60);
});

test('OB-3 every file of the product lies in a room', () => {
  const outside = repositoryFiles()
    .map(({ path }) => path)
    .filter((path) => /^(machines|persistence|actors|inspector|src|tools)\/.*\.tsx?$/.test(path))
    .filter((path) => !ROOMS.includes(dirname(path)));
  expect(outside).toEqual([]);
});

test('OB-3 test/ mirrors the tree', () => {
  const mirrored = repositoryFiles()
    .map(({ path }) => dirname(path))
    .filter((path) => /^test\/(machines|persistence|actors|inspector|src|tools)(\/|$)/.test(path))
    .map((path) => path.slice('test/'.length));
  const strangers = [...new Set(mirrored)].filter(
    (folder) => !ROOMS.some((room) => `${room}/`.startsWith(`${folder}/`)),
  );
  expect(strangers).toEqual(['persistence/contract']);
});

test('OB-3 control: an import from any room into any that it may not know is caught', async () => {
  const forbidden = (room: string): readonly string[] =>
    ROOMS.filter((other) => !allowedFor(room).includes(other));
  const folder = plant(
    Object.fromEntries(
      ROOMS.flatMap((room) => [
        // What is imported imports nothing: the cruiser would look for every circle among them.
        [`${room}/wanted.ts`, 'export const wanted = 1;'],
        [
          `${room}/planted.ts`,
          forbidden(room)
            .map(
              (other) =>
                `import type { wanted } from './${posix.relative(room, other)}/wanted.ts';`,
            )
            .join('\n'),
        ],
      ]),
    ),
  );
  const { violations } = await cruise(folder);
  const caught = new Set(
    violations.map(({ from, to, rule }) => `${rule.name}: ${dirname(from)} → ${dirname(to)}`),
  );
  const missed = ROOMS.flatMap((room) =>
    forbidden(room)
      .map((other) => `room:${room}: ${room} → ${other}`)
      .filter((arrow) => !caught.has(arrow)),
  );
  expect(missed).toEqual([]);
});

test('OB-3 control: a circle of types, or an import of what a room may not need, is caught', async () => {
  const folder = plant({
    'machines/policy/retry/decide.ts': "import 'node:fs';\nexport const decide = 1;\n",
    'machines/operation/doorMachine.ts': "import 'better-sqlite3';\nexport const door = 1;\n",
    'machines/vocabulary/chicken.ts':
      "import type { Egg } from './egg.ts';\nexport type Chicken = Egg;\n",
    'machines/vocabulary/egg.ts':
      "import type { Chicken } from './chicken.ts';\nexport type Egg = Chicken;\n",
    'persistence/memory/look.ts': "import 'better-sqlite3';\n",
    'persistence/sqlite/mutations/statements.ts': 'export const sql = 1;\n',
    'persistence/sqlite/rows/side.ts': "import '../mutations/statements.ts';\n",
    'src/index.ts': "import '../test/a.test.ts';\nimport 'commander';\n",
    'src/drill/plants/planted.ts': 'export const plant = 1;\n',
    'src/drill/crisisDrill.ts': "import './plants/planted.ts';\n",
    'actors/engine.ts': 'export interface Engine { readonly pool: 1 }\n',
    'src/runtime.ts':
      "import type { Engine } from '../actors/engine.ts';\nexport type E = Engine;\n",
    'persistence/upkeep/rows.ts': 'export const rows = 1;\n',
    'persistence/sealing/envelope.ts': 'export const seal = 1;\n',
    'src/cli/kit/open.ts':
      "import '../../../persistence/upkeep/rows.ts';\nimport '../../../persistence/sealing/envelope.ts';\n",
    'inspector/page/kit/look.tsx': "import 'node:fs';\n",
    'src/draw.ts': "import 'preact';\n",
    'tools/draw/pen.ts': 'export const pen = 1;\n',
    'inspector/feed/laysOut.ts': "import 'elkjs/lib/elk.bundled.js';\n",
    'src/draws.ts': "import '../tools/draw/pen.ts';\n",
    'test/a.test.ts': "import '../bench/b.ts';\n",
    'bench/b.ts': "import 'mitata';\n",
    'examples/use.ts': "import '../src/index.ts';\n",
  });
  const { violations } = await cruise(folder);
  const found = violations.map(({ from, rule }) => `${rule.name}: ${from}`);
  for (const expected of [
    'pure-code-imports-no-package: machines/policy/retry/decide.ts',
    'charts-import-only-xstate: machines/operation/doorMachine.ts',
    'disk-and-ciphers-only-in-persistence: machines/operation/doorMachine.ts',
    'no-cycles: machines/vocabulary/chicken.ts',
    'native-module-by-one-door: persistence/memory/look.ts',
    'rows-change-through-one-door: persistence/sqlite/rows/side.ts',
    'command-line-packages-only-there: src/index.ts',
    'room:src: src/index.ts',
    'src-knows-the-engine-by-its-port: src/runtime.ts',
    'defects-are-planted-in-the-drill-alone: src/drill/crisisDrill.ts',
    'commands-open-stores-and-know-no-more-of-them: src/cli/kit/open.ts',
    'the-page-needs-no-node: inspector/page/kit/look.tsx',
    'what-the-page-is-drawn-with-only-there: src/draw.ts',
    'charts-are-laid-out-by-one-room: inspector/feed/laysOut.ts',
    'pictures-are-drawn-by-the-docs: src/draws.ts',
    'nobody-imports-the-bench: test/a.test.ts',
    'examples-use-the-package: examples/use.ts',
  ]) {
    expect(found).toContain(expected);
  }
});
