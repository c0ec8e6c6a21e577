import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Power cuts have a script of their own: npm run test:crash.
    exclude: ['test/crash/**'],
    globalSetup: ['test/support/transitionCoverageReport.ts'],
    // A process a file, so that a test that kills, stalls or exhausts something harms no other.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
