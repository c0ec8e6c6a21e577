import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Kills, power cuts and failing disks have scripts of their own: npm run test:restart, test:crash, test:disk. The matrix of installs too: test:matrix.
    exclude: ['test/oracle/restart/**', 'test/oracle/crash/**', 'test/disk/**', 'test/matrix/**'],
    globalSetup: ['test/support/charts/transitionCoverageReport.ts'],
    // A process a file, so that a test that kills, stalls or exhausts something harms no other.
    pool: 'forks',
    // Vitest leaves a core free, which is half of a machine that has two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
