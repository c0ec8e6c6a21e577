import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { PROGRAM } from '../../support/process/runCli.ts';

/** What is loaded before a command is known: the files of the package, and packages of others. */
function loadedBy(file: string, files = new Set<string>(), packages = new Set<string>()) {
  files.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, name = ''] of text.matchAll(/^(?:import|export)\b[^'"(]*["']([^"']+)["'];$/gm)) {
    const path = join(dirname(file), name);
    if (!name.startsWith('.')) packages.add(name.replace(/^node:.*/, 'node'));
    else if (!files.has(path)) loadedBy(path, files, packages);
  }
  return { files, packages };
}

test('UX-1 help and version load neither the runtime nor what it is built on', () => {
  const { files, packages } = loadedBy(PROGRAM);
  expect([...packages].toSorted()).toEqual(['commander', 'node', 'picocolors']);
  expect(files.size).toBeLessThanOrEqual(12);
  const bytes = [...files].reduce((sum, file) => sum + readFileSync(file).length, 0);
  expect(bytes).toBeLessThan(80_000);
});
