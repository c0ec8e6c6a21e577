/**
 * A user's program compiled against the built package, as strictly as TypeScript can, where no type of
 * XState is to be had.
 */

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { USER_PROGRAM } from '../support/package/userProgram.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const RESOLUTIONS = {
  NodeNext: {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2023.d.ts'],
    types: ['node'],
  },
  bundler: {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
  },
} as const;

/** Names of the whole, and nothing of its own. */
const NAMES = 'dist/connect.d.ts';
const TYPES = ['dist/holdfast.d.ts', 'dist/schemas.d.ts', 'dist/testing.d.ts'];
const LANGUAGE = new Map<string, ts.SourceFile | undefined>();

/** What TypeScript has to say of the program, against the package with `change` in its types. */
function errorsOf(
  resolution: keyof typeof RESOLUTIONS,
  program = USER_PROGRAM,
  change: (types: string) => string = (types) => types,
): readonly string[] {
  const folder = tempFolder();
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'holdfast/dist'), { recursive: true });
  mkdirSync(join(modules, '@types'));
  cpSync('package.json', join(modules, 'holdfast/package.json'));
  for (const file of TYPES) {
    writeFileSync(join(modules, 'holdfast', file), change(readFileSync(file, 'utf8')));
  }
  cpSync(NAMES, join(modules, 'holdfast', NAMES));
  for (const name of ['@types/node', 'undici-types']) {
    symlinkSync(resolve('node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'program.ts'), program);
  const options: ts.CompilerOptions = {
    ...RESOLUTIONS[resolution],
    lib: [...RESOLUTIONS[resolution].lib],
    types: [...RESOLUTIONS[resolution].types],
    target: ts.ScriptTarget.ES2023,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    preserveSymlinks: true,
    typeRoots: [join(modules, '@types')],
  };
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...how) => {
    // The language's own types, which are most of the work, are the same each time.
    if (!name.includes('/typescript/lib/')) return getSourceFile(name, ...how);
    const parsed = LANGUAGE.get(name) ?? getSourceFile(name, ...how);
    LANGUAGE.set(name, parsed);
    return parsed;
  };
  host.getCurrentDirectory = () => folder;
  const compiled = ts.createProgram([join(folder, 'program.ts')], options, host);
  return ts
    .getPreEmitDiagnostics(compiled)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe("UX-1 a user's strict program compiles without any type of XState", {
  timeout: 90_000,
}, () => {
  test.each(['NodeNext', 'bundler'] as const)('UX-1 with %s', (resolution) => {
    expect(errorsOf(resolution)).toEqual([]);
  });

  test('UX-1 what an actor is sent must be of no use, and a state must be one of the chart', () => {
    const wrong = `${USER_PROGRAM}\nactor?.send('go'); export const state: OperationActorSnapshot['value'] = 'flying';`;
    expect(errorsOf('NodeNext', wrong)).toHaveLength(2);
  });

  test('UX-1 control: a type of XState in the public types is caught', () => {
    const imported = (types: string): string =>
      `import type { AnyActorRef } from 'xstate';\nexport declare const root: AnyActorRef;\n${types}`;
    const errors = errorsOf('NodeNext', USER_PROGRAM, imported);
    expect(errors).toHaveLength(TYPES.length);
    for (const error of errors) expect(error).toContain("Cannot find module 'xstate'");
  });
});

test.each(TYPES)('UX-1 %s imports no package at all', (file) => {
  const types = readFileSync(file, 'utf8');
  expect(types.length).toBeGreaterThan(1_000);
  expect(types.match(/^import .*|import\(.*/gm)).toBeNull();
});
