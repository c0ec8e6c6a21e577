import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';

/** Power cuts: apart from the other tests, since they need a C compiler and take minutes. */
export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    setupFiles: ['machines/merge/entities/entities.ts'],
    include: ['test/oracle/crash/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    hookTimeout: 300_000,
  },
});
