/**
 * What the compilers of users say of the package's types: TypeScript 5.9 to 7, as strictly as it can be, with
 * the types of the packages checked as well.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../support/package/installPackage.ts';
import { appWithPackage, packPackage } from '../support/package/packedPackage.ts';
import { nodeOf, tool } from '../support/package/tools.ts';
import { USER_PROGRAM } from '../support/package/userProgram.ts';

const NODE = nodeOf(process.versions.node);
const COMPILERS = ['typescript@5.9.3', 'typescript@6.0.3', 'typescript@7.0.2'];
const isShort = process.env['MATRIX'] === 'short';

const STRICT = {
  target: 'ES2023',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
};
const RESOLUTIONS = {
  NodeNext: { module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2023'], types: ['node'] },
  bundler: { module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2023', 'DOM'], types: [] },
} as const;

let folder = '';
let tarball = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-packed-'));
  tarball = packPackage(folder);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What a compiler says of a program: nothing where it compiles. */
async function saidOf(compiler: string, resolution: keyof typeof RESOLUTIONS, program: string) {
  const app = appWithPackage(tarball);
  writeFileSync(join(app, 'program.ts'), program);
  const compilerOptions = { ...STRICT, ...RESOLUTIONS[resolution] };
  const typeRoots = [join(process.cwd(), 'node_modules/@types')];
  const config = { compilerOptions: { ...compilerOptions, typeRoots }, files: ['program.ts'] };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(config));
  const args = [join(tool(compiler), 'bin/tsc'), '-p', '.', '--pretty', 'false'];
  return await run(NODE.program, args, { cwd: app, node: NODE }).then(
    ({ stdout }) => stdout,
    (error: Error) => error.message,
  );
}

const CELLS = (isShort ? COMPILERS.slice(-1) : COMPILERS).flatMap((compiler) =>
  (['NodeNext', 'bundler'] as const).map((resolution) => [compiler, resolution] as const),
);

test.each(CELLS)('UX-1 %s with %s compiles a program of a user', async (compiler, resolution) => {
  expect(await saidOf(compiler, resolution, USER_PROGRAM)).toBe('');
});

test.each(CELLS)('UX-1 control: %s with %s sees what is wrong', async (compiler, resolution) => {
  const wrong = `${USER_PROGRAM}\nexport const not: number = (await operation.outcome).status;`;
  expect(await saidOf(compiler, resolution, wrong)).toContain('program.ts');
});
