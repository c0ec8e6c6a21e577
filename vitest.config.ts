import { accessSync, constants, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';
import { WHOLE_PROGRAMS } from './vitest.restart.config.ts';

/** Rooms whose tests start no runtime, and leave nothing behind in their process. */
const PURE: readonly string[] = [
  // But steps.test.ts, which counts what V8 ran.
  'test/machines/**/!(steps).test.ts',
  'test/conventions/**/*.test.ts',
  'test/inspector/{charts,page,projection}/**/*.test.ts',
  'test/tools/{docs,review}/**/*.test.ts',
  'test/persistence/{audit,sealing}/**/*.test.ts',
];

/** Whole programs, power cuts, failing disks, a real browser, example apps and the matrix of installs have scripts of their own: npm run test:restart, test:crash, … */
const ELSEWHERE: readonly string[] = [
  ...WHOLE_PROGRAMS,
  'test/oracle/crash/**',
  'test/disk/**',
  'test/browser/**',
  'test/exampleApps/**',
  'test/matrix/**',
];

/** Memory as a disk, for stores of tests: waiting for a real one proves nothing but in `test:crash` and `test:disk`. */
const MEMORY = '/dev/shm';
const MEMORY_BYTES_MIN = 2 ** 31;

/** Where temporary folders are made; the system's own where there is no such memory. */
export function temporaryFolders(): { readonly TMPDIR?: string } {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize < MEMORY_BYTES_MIN ? {} : { TMPDIR: MEMORY };
  } catch {
    return {};
  }
}

/** Of every file, in whichever project. */
const common = {
  environment: 'node',
  env: temporaryFolders(),
  setupFiles: [
    'machines/merge/entities/entities.ts',
    'test/support/charts/handOverTransitions.ts',
    'test/support/charts/watchRuntimes.ts',
  ],
  pool: 'forks',
  // Vitest leaves a core free, which is half of a machine that has two.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 300_000,
  expect: { poll: { timeout: HANGS_AFTER_MS } },
  hookTimeout: 300_000,
} satisfies ViteUserConfig['test'];

export default defineConfig({
  test: {
    ...common,
    globalSetup: [
      'test/support/process/buildOnce.ts',
      'test/support/charts/transitionCoverageReport.ts',
    ],
    projects: [
      {
        test: {
          ...common,
          name: 'pure',
          // One process runs many files: what they import is loaded once, which is half of their time (decision 0244).
          isolate: false,
          include: [...PURE],
          exclude: [...ELSEWHERE],
        },
      },
      {
        test: {
          ...common,
          name: 'apart',
          include: ['test/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...PURE],
        },
      },
    ],
  },
});
