import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Power cuts and failing disks have scripts of their own: npm run test:crash, npm run test:disk.
    exclude: ['test/oracle/crash/**', 'test/disk/**'],
    globalSetup: ['test/support/charts/transitionCoverageReport.ts'],
    // A process a file, so that a test that kills, stalls or exhausts something harms no other.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
