import { defineConfig } from 'vitest/config';
import { temporaryFolders } from './vitest.config.ts';

/**
 * As many histories and cases as take minutes, of the files that try a few of them in `npm test`
 * (test/support/cases.ts). Those of test/machines are run for long by `npm run test:coverage`.
 */
export default defineConfig({
  test: {
    environment: 'node',
    env: { ...temporaryFolders(), HOLDFAST_LONG: '1' },
    globalSetup: ['test/support/process/buildOnce.ts'],
    setupFiles: ['machines/merge/entities/entities.ts'],
    include: [
      'test/oracle/{simulation,mixed}/**/*.test.ts',
      'test/oracle/unstoppable/together.test.ts',
      'test/src/{crisisOwed,outage,sustainedOverload}.test.ts',
      'test/src/testing/mergeLaws.test.ts',
      'test/actors/conflict/{atWork,editCrashes}.test.ts',
    ],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
