import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';

/** Tests that kill real processes, one file after the other, since they take all of a machine: apart from the others. */
export const KILLED_PROCESSES: readonly string[] = [
  'test/oracle/restart/**/*.test.ts',
  'test/oracle/gossip/**/*.test.ts',
  'test/src/cli/crisisDrill/crisisDrill.test.ts',
  'test/src/cli/demo/{demo,demoPage,demoStately}.test.ts',
  'test/src/cli/demo/conflicts/conflictsDemo.test.ts',
  'test/src/inspect/viewers.test.ts',
  'test/src/stoppedProcess.test.ts',
];

export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    include: [...KILLED_PROCESSES],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    hookTimeout: 300_000,
  },
});
