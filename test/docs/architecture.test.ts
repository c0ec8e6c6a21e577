import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryFiles } from '../conventions/repository.ts';

const { ROOMS } = createRequire(import.meta.url)('../../.dependency-cruiser.rooms.cjs') as {
  readonly ROOMS: readonly string[];
};
const page = readFileSync('docs/ARCHITECTURE.md', 'utf8');
const files = repositoryFiles().map(({ path }) => path);

/** Source files that a page names in backticks and that are not there. */
function strangers(text: string): readonly string[] {
  const names = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name = '']) => name);
  return names.filter((name) => !files.some((path) => path === name || path.endsWith(`/${name}`)));
}

/** Rooms that a page never names. */
function unnamed(text: string): readonly string[] {
  return ROOMS.filter((room) => !new RegExp(`\\b${basename(room)}\\b`).test(text));
}

test('OB-3 UX-1 ARCHITECTURE.md names every room, and no file that is not there', () => {
  expect(unnamed(page)).toEqual([]);
  expect(strangers(page)).toEqual([]);
});

test('OB-3 control: a room or a file that has gone is found', () => {
  expect(unnamed(page.replaceAll('degradation', ''))).toContain('machines/degradation');
  expect(strangers('`actors/work/noSuch.ts` and `demand.ts`')).toEqual(['actors/work/noSuch.ts']);
});
