import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';

const CONFIG = resolve('.dependency-cruiser.cjs');
const CRUISER = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface CruiseSummary {
  readonly totalCruised: number;
  readonly violations: readonly {
    readonly from: string;
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

test('OB-3 imports go down the list of folders, and the check has read the tree', async () => {
  const { totalCruised, violations } = await cruise('.');
  expect(violations.map(({ from, rule }) => `${rule.name}: ${from}`)).toEqual([]);
  expect(totalCruised).toBeGreaterThan(60);
});

test('OB-3 control: an import that goes up, or out of the pure core, is caught', async () => {
  const folder = plant({
    'machines/vocabulary/word.ts': "import '../policy/decide.ts';\nexport const word = 1;\n",
    'machines/policy/decide.ts': "import 'node:fs';\nexport const decide = 1;\n",
    'machines/doorMachine.ts': "import '../actors/door.ts';\nimport 'better-sqlite3';\n",
    'persistence/port/store.ts': "import type { door } from '../machines/doorMachine.ts';\n",
    'persistence/look.ts': "import 'better-sqlite3';\n",
    'persistence/sqlite/mutations/statements.ts': 'export const sql = 1;\n',
    'persistence/sqlite/side.ts': "import './mutations/statements.ts';\n",
    'actors/door.ts': "import '../src/index.ts';\nimport '../persistence/store.ts';\n",
    'inspector/look.ts': "import '../actors/door.ts';\n",
    'src/index.ts': "import './cli/main.ts';\nimport '../test/a.test.ts';\nimport 'commander';\n",
    'src/cli/main.ts': "import '../../inspector/look.ts';\n",
    'test/a.test.ts': "import '../bench/b.ts';\n",
    'bench/b.ts': "import 'mitata';\n",
    'examples/use.ts': "import '../src/index.ts';\n",
  });
  const { violations } = await cruise(folder);
  const found = violations.map(({ from, rule }) => `${rule.name}: ${from}`);
  for (const expected of [
    'vocabulary-is-a-leaf: machines/vocabulary/word.ts',
    'pure-code-imports-no-package: machines/policy/decide.ts',
    'charts-are-pure: machines/doorMachine.ts',
    'charts-import-only-xstate: machines/doorMachine.ts',
    'disk-and-ciphers-only-in-persistence: machines/doorMachine.ts',
    'persistence-knows-no-chart: persistence/port/store.ts',
    'native-module-by-one-door: persistence/look.ts',
    'rows-change-through-one-door: persistence/sqlite/side.ts',
    'actors-join: actors/door.ts',
    'inspector-looks: inspector/look.ts',
    'command-line-is-a-leaf: src/index.ts',
    'command-line-packages-only-there: src/index.ts',
    'product-knows-no-test: src/index.ts',
    'nobody-imports-the-bench: test/a.test.ts',
    'examples-use-the-package: examples/use.ts',
    'no-cycles: actors/door.ts',
  ]) {
    expect(found).toContain(expected);
  }
});
