import { defineConfig } from 'vitest/config';

/** The example apps, installed from the tarball: apart from the other tests, since npm installs each. */
export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    include: ['test/exampleApps/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 260_000,
    hookTimeout: 260_000,
  },
});
