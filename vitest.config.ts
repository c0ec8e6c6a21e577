import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';
import { WHOLE_PROGRAMS } from './vitest.restart.config.ts';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Whole programs, power cuts, failing disks, a real browser, example apps and the matrix of installs have scripts of their own: npm run test:restart, test:crash, …
    exclude: [
      ...WHOLE_PROGRAMS,
      'test/oracle/crash/**',
      'test/disk/**',
      'test/browser/**',
      'test/exampleApps/**',
      'test/matrix/**',
    ],
    setupFiles: ['test/support/charts/watchRuntimes.ts'],
    globalSetup: [
      'test/support/process/buildOnce.ts',
      'test/support/charts/transitionCoverageReport.ts',
    ],
    // A process a file, so that a test that kills, stalls or exhausts something harms no other.
    pool: 'forks',
    // Vitest leaves a core free, which is half of a machine that has two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 300_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    hookTimeout: 300_000,
  },
});
