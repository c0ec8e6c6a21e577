import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';

/**
 * Where the package runs, installed as a user would: apart from the other tests, since it asks a registry and
 * builds native parts. `npm run test:matrix -- --mode short` takes a fraction of the time.
 */
export default defineConfig(({ mode }) => ({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    include: ['test/matrix/**/*.test.ts'],
    env: { MATRIX: mode },
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 1_200_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    hookTimeout: 300_000,
  },
}));
