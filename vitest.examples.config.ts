import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';

/** The example apps, installed from the tarball: apart from the other tests, since npm installs each. */
export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    include: ['test/exampleApps/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    hookTimeout: 600_000,
  },
});
