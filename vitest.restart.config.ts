import { defineConfig } from 'vitest/config';

/** Killed processes: apart from the other tests, since they run many real processes and take minutes. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/oracle/restart/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
