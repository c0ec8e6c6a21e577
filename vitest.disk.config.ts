import { defineConfig } from 'vitest/config';

/** Disks that fail: apart from the other tests, since most of them need a C compiler. */
export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    include: ['test/disk/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
