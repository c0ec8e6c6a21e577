/**
 * Counts of `bench/cost.ts`, each under a ceiling. A commit that needs more raises the ceiling by the difference that
 * was counted, and says why; one that takes weight out lowers it.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolders } from '../../vitest.config.ts';

type Counts = Readonly<Record<string, number>>;

/** Two runs differ by no more: in bytes by what V8 compiles meanwhile, in all else by what comes together. */
const OVER = 1.1;
/** A slow machine wakes the process more often for each, and sends less to the writer at a time. */
const WAKES_OVER = 1.3;
const OF_WAKES: readonly string[] = ['timers', 'clock reads', 'messages', 'commits'];

const CEILINGS: Readonly<Record<string, Counts>> = {
  operation: {
    calls: 620,
    'files entered': 108,
    'bytes allocated': 39_300,
    promises: 15.7,
    'clock reads': 35,
    timers: 3.3,
    messages: 4.1,
    statements: 18.2,
    commits: 2,
    seals: 8,
    // A page of the index of persons, in the log, and its share of a checkpoint: 5,500.
    'bytes written': 67_500,
  },
  'of 100 in flight': {
    calls: 462,
    'files entered': 106,
    'bytes allocated': 25_200,
    promises: 10.7,
    'clock reads': 15.8,
    timers: 0.2,
    messages: 0.3,
    statements: 6.5,
    commits: 0.3,
    seals: 3,
    'bytes written': 12_000,
  },
  crisis: {
    calls: 955,
    'files entered': 100,
    'bytes allocated': 65_000,
    'bytes before the answer': 20_000,
    promises: 27,
    'clock reads': 46.5,
    timers: 3.5,
    messages: 4.2,
    // Two entries of the audit and the handle of a new person: five statements, three seals, three pages.
    statements: 22.1,
    commits: 2,
    seals: 11,
    // The same page: 4,000.
    'bytes written': 80_000,
  },
};

function overOf(name: string): number {
  return OF_WAKES.includes(name) ? WAKES_OVER : OVER;
}

/** The counts of Node 20, which optimizes otherwise than later versions. */
const isCounted = process.version.startsWith('v20.');

test.runIf(isCounted)(
  'HM-6 the main path costs no more calls, bytes and messages than before',
  async () => {
    const { stdout } = await promisify(execFile)(
      'npm',
      ['run', '--silent', 'bench:cost', '--', '--json'],
      { env: { ...process.env, ...temporaryFolders() } },
    );
    const counted = JSON.parse(stdout) as typeof CEILINGS;
    const over = Object.entries(CEILINGS).flatMap(([way, ceilings]) =>
      Object.entries(ceilings).flatMap(([name, ceiling]) => {
        const count = counted[way]?.[name] ?? Number.NaN;
        return count <= ceiling * overOf(name)
          ? []
          : [`${way}: ${count} ${name} in place of ${ceiling}`];
      }),
    );
    expect(over).toEqual([]);
    expect(Object.keys(counted)).toEqual(Object.keys(CEILINGS));
  },
);
