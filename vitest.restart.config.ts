import { defineConfig } from 'vitest/config';
import { HANGS_AFTER_MS } from './test/support/hangs.ts';

/**
 * Tests of whole programs, apart from the others and one file after the other, since each takes all of a machine:
 * real processes that are started, killed and stopped, and the tools that go over the whole repository.
 */
export const WHOLE_PROGRAMS: readonly string[] = [
  'test/oracle/restart/**/*.test.ts',
  'test/oracle/gossip/**/*.test.ts',
  'test/oracle/tampering/**/*.test.ts',
  'test/src/drill/crisisDrill.test.ts',
  'test/src/demo/{demo,demoPage,demoStately}.test.ts',
  'test/src/demo/conflicts/conflictsDemo.test.ts',
  'test/src/cli/run/runStopped.test.ts',
  'test/src/cli/kit/{storeInUse,storeKey}.test.ts',
  'test/src/connect/takeover.test.ts',
  'test/src/{crisisThreads,stalledWriter}.test.ts',
  'test/src/outside/killedWhileBlocked.test.ts',
  'test/src/inspect/viewers.test.ts',
  'test/persistence/owner/oneOwner.test.ts',
  'test/tools/docs/docsCommand.test.ts',
  'test/tools/{charts,evidence}/*.test.ts',
  'test/package/userTypes.test.ts',
  'test/bench/cost.test.ts',
  'test/conventions/imports.test.ts',
  'test/src/stoppedProcess.test.ts',
  'test/persistence/sqlite/migrations/migrationMemory.test.ts',
];

export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/process/buildOnce.ts'],
    setupFiles: ['machines/merge/entities/entities.ts'],
    include: [...WHOLE_PROGRAMS],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    expect: { poll: { timeout: HANGS_AFTER_MS } },
    hookTimeout: 300_000,
  },
});
