import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';

/** The inspector's page in a real browser: apart from the other tests, since it needs Chromium and a built page. */
export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    setupFiles: ['machines/merge/entities/entities.ts'],
    include: ['test/browser/**/*.test.ts'],
    pool: 'forks',
    // A test here waits more than it works.
    maxWorkers: 2,
    testTimeout: 300_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    hookTimeout: 300_000,
  },
});
