import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';

/** Disks that fail: apart from the other tests, since most of them need a C compiler. */
export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    setupFiles: ['machines/merge/entities/entities.ts'],
    include: ['test/disk/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 300_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    hookTimeout: 300_000,
  },
});
