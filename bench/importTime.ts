/**
 * How long `import 'holdfast'` takes (UX-1): the files of the package beside one file for each source, as
 * tsc writes them, each reading in a fresh process, in turn. Also how large the package is.
 * Usage: importTime.js [rounds]
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { median, percentile, printMachine, printTable } from './support.ts';

/** All made from the same sources; what a process does that imports nothing of ours stands beside them. */
const PROGRAMS = {
  'one file for each source': load('node_modules/.cache/holdfast-bench/src/index.js'),
  'the package': load('dist/index.js'),
  'xstate alone': `await import('xstate');`,
} as const;
type Name = keyof typeof PROGRAMS;

function load(file: string): string {
  return `await import('${pathToFileURL(resolve(file)).href}');`;
}

/** Milliseconds that the import takes, in a process of its own. */
function readingOf(program: string): number {
  const timed = `const atMs = performance.now(); ${program} console.log(performance.now() - atMs);`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', timed], {
    encoding: 'utf8',
  });
  return Number(said);
}

function packageSize(): string {
  const report = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(report) as readonly {
    readonly size: number;
    readonly unpackedSize: number;
    readonly entryCount: number;
  }[];
  if (packed === undefined) throw new Error('npm pack told of no package.');
  const kb = (bytes: number): string => `${Math.round(bytes / 1_000)} kB`;
  return `${packed.entryCount} files, ${kb(packed.size)} packed, ${kb(packed.unpackedSize)} unpacked`;
}

const rounds = Number(process.argv[2] ?? 31);
const readings = new Map<Name, number[]>();
for (let round = 0; round < rounds; round += 1) {
  for (const [name, program] of Object.entries(PROGRAMS) as [Name, string][]) {
    readings.set(name, [...(readings.get(name) ?? []), readingOf(program)]);
  }
}
printMachine();
printTable(
  `Import, median of ${rounds} processes each`,
  [...readings].map(([name, times]) => ({
    '': name,
    'median ms': median(times).toFixed(1),
    'fastest ms': percentile(times, 0).toFixed(1),
    share: (median(times) / median(readings.get('one file for each source') ?? [])).toFixed(2),
  })),
);
console.log(`\nThe package: ${packageSize()}`);
